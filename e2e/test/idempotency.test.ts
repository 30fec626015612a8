import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, type Pending, send } from '../src/http.ts';
import { textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) =>
    standardConfig(upstream, { tenants: [tenant('acme'), tenant('other')], idempotency: { max_body_bytes: 4_096 } }),
  );
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

interface Call {
  readonly mark: string;
  readonly key: string;
  readonly stream?: boolean;
  readonly path?: string;
  readonly tenant?: string;
  readonly model?: string;
}

function start({
  mark,
  key,
  stream = false,
  path = '/v1/chat/completions',
  tenant: id = 'acme',
  model = 'm-chat',
}: Call): Pending {
  const body = { model, stream, max_tokens: 50, messages: [{ role: 'user', content: mark }] };
  return send({ port: rig.router.port, path, key: secretOf(id), headers: { 'idempotency-key': key }, body });
}

function call(over: Call): Promise<Answered> {
  return start(over).answer;
}

/** Calls that were opened since; each is billed once. */
function callsWith(...answers: readonly Answered[]): number {
  return new Set(answers.map((answer) => answer.header('x-atp-request-id'))).size;
}

describe.each([
  ['plain', false, 'm-chat'],
  ['streamed', true, 'm-chat'],
  ['translated and streamed', true, 'm-anthropic'],
])('%s', (name, stream, model) => {
  test('a repeat gets the same bytes, and nobody is asked or billed again', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('once', ' only') });
    const key = `same ${name}`;
    const first = await call({ mark: script.mark, key, stream, model });
    const text = await first.text();
    const second = await call({ mark: script.mark, key, stream, model });
    expect(await second.text()).toBe(text);
    expect(second.header('x-atp-idempotent-replay')).toBe('true');
    expect(first.header('x-atp-idempotent-replay')).toBeUndefined();
    expect(second.header('x-atp-cost-usd-micros')).toBe('25');
    expect(callsWith(first, second)).toBe(1);
    expect(await rig.upstream.untaken(script)).toHaveLength(1);
  });

  test('repeats that come while the first runs wait for its outcome', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('once', ' only'), gates: [0] });
    const key = `running ${name}`;
    const pending = [1, 2, 3].map(() => start({ mark: script.mark, key, stream, model }));
    const request = await rig.upstream.next(script);
    request.step();
    const answers = await Promise.all(pending.map(({ answer }) => answer));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(texts).size).toBe(1);
    expect(answers.filter((a) => a.header('x-atp-idempotent-replay') === 'true')).toHaveLength(2);
    expect(callsWith(...answers)).toBe(1);
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });
});

test('another body under the same key is refused', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('one') });
  await (await call({ mark: script.mark, key: 'k-body' })).text();
  const other = await call({ mark: `${script.mark} and more`, key: 'k-body' });
  expect(other.status).toBe(422);
  expect(await other.text()).toContain('idempotency_mismatch');
  expect(await rig.upstream.untaken(script)).toHaveLength(1);
});

test('a key belongs to its tenant and endpoint', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('one') });
  const answers = [
    await call({ mark: script.mark, key: 'k-scope' }),
    await call({ mark: script.mark, key: 'k-scope', tenant: 'other' }),
    await call({ mark: script.mark, key: 'k-scope', path: '/v1/messages' }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(200);
    await answer.text();
  }
  expect(callsWith(...answers)).toBe(3);
  expect(await rig.upstream.untaken(script)).toHaveLength(3);
});

test('a call that failed without cost may be tried again under its key', async () => {
  const script = await rig.upstream.script({ status: 400, message: 'no' }, { answer: textAnswer('yes') });
  const first = await call({ mark: script.mark, key: 'k-fail', model: 'm-chat-1' });
  expect(first.status).toBe(400);
  await first.text();
  const second = await call({ mark: script.mark, key: 'k-fail', model: 'm-chat-1' });
  expect(second.status).toBe(200);
  expect(await second.text()).toContain('yes');
  const third = await call({ mark: script.mark, key: 'k-fail', model: 'm-chat-1' });
  expect(third.header('x-atp-idempotent-replay')).toBe('true');
});

test('a stream that was billed and cut is not run again', async () => {
  const script = await rig.upstream.script({
    answer: textAnswer('One', ' two', ' three'),
    gates: [' three'],
    cut: { after: ' two', how: 'reset' },
  });
  const over = { mark: script.mark, key: 'k-cut', stream: true, model: 'm-chat-2' };
  const first = await call(over);
  const request = await rig.upstream.next(script);
  await first.until(/ two/);
  request.step();
  expect(await first.text()).toContain('stream_truncated');
  const second = await call(over);
  expect(second.status).toBe(409);
  expect(await second.text()).toContain(first.header('x-atp-request-id') ?? 'no id');
  expect(await rig.upstream.untaken(script)).toEqual([]);
});

test('a client that left finds its call cancelled, not run again behind its back', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('One', ' two'), gates: [' two'] });
  const over = { mark: script.mark, key: 'k-left', stream: true, model: 'm-chat-3' };
  const first = await call(over);
  const request = await rig.upstream.next(script);
  await first.until(/One/);
  first.leave();
  await request.closed;
  const second = await call(over);
  expect(second.status).toBe(409);
  expect(await rig.upstream.untaken(script)).toEqual([]);
});

test('an outcome that is too large to keep is not run again either', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('x'.repeat(6_000)) });
  const first = await call({ mark: script.mark, key: 'k-large' });
  expect(first.status).toBe(200);
  await first.text();
  const second = await call({ mark: script.mark, key: 'k-large' });
  expect(second.status).toBe(409);
  expect(await second.text()).toContain('"conflict"');
});

test.each(['', 'x'.repeat(256)])('a key must be of a sane length (%#)', async (key) => {
  const script = await rig.upstream.script({ answer: textAnswer('one') });
  const answer = await call({ mark: script.mark, key });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('idempotency-key');
});

test('outcomes survive a restart, sealed on the disk', async () => {
  const own = await startRig();
  const script = await own.upstream.script({ answer: textAnswer('zebra-crossing') });
  const ask = (port: number): Promise<Answered> =>
    send({
      port,
      path: '/v1/chat/completions',
      key: secretOf('acme'),
      headers: { 'idempotency-key': 'k-restart' },
      body: { model: 'm-chat', messages: [{ role: 'user', content: script.mark }] },
    }).answer;
  const first = await ask(own.router.port);
  const text = await first.text();
  expect(text).toContain('zebra-crossing');
  await own.router.stop();
  for (const entry of readdirSync(own.router.data_dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name), 'latin1')).not.toContain('zebra');
  }
  await own.restart();
  const second = await ask(own.router.port);
  expect(second.header('x-atp-idempotent-replay')).toBe('true');
  expect(await second.text()).toBe(text);
  await own.close();
});
