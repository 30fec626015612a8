import { connect } from 'node:net';
import { once } from 'node:events';
import { randomInt, seededRng } from '@atp-router/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, send } from '../src/http.ts';
import { textAnswer } from '../src/upstream/script.ts';

const LONG = textAnswer('One', ' two', ' three');

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const body = (model: string, mark: string, stream: boolean): object => ({
  model,
  stream,
  messages: [{ role: 'user', content: mark }],
});

function start(model: string, mark: string, stream: boolean): ReturnType<typeof send> {
  const { port } = rig.router;
  return send({ port, path: '/v1/chat/completions', key: secretOf('acme'), body: body(model, mark, stream) });
}

/** The usage record of the only call that names this task. */
function recordOf(
  id: string | undefined,
): { outcome: string; out_tokens: number; source: string | undefined } | undefined {
  const ended = rig.router.books().ended.get(id ?? '');
  if (ended === undefined) return undefined;
  return { outcome: ended.outcome, out_tokens: ended.usage.out_tokens, source: ended.attempts[0]?.usage_source };
}

describe.each(PROVIDER_IDS)('a client that leaves, %s provider', (id) => {
  test.each([false, true])('while it waits for the head (stream %s)', async (stream) => {
    const script = await rig.upstream.script({ answer: LONG, gates: [0] });
    const pending = start(`m-${id}`, script.mark, stream);
    const request = await rig.upstream.next(script);
    pending.leave();
    expect(await request.closed).toMatchObject({ by: 'peer', frames: 0 });
    expect(await rig.router.outstanding()).toEqual([]);
  });

  test('in the middle of the text: the upstream is left at once and what came is accounted', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: [' three'] });
    const pending = start(`m-${id}`, script.mark, true);
    const request = await rig.upstream.next(script);
    const answer = await pending.answer;
    await answer.until(/ two/);
    answer.leave();
    expect(await request.closed).toMatchObject({ by: 'peer' });
    expect(await rig.router.outstanding()).toEqual([]);
    const record = recordOf(answer.header('x-atp-request-id'));
    expect(record).toMatchObject({ outcome: 'cancelled', source: 'counted' });
    // "One two" is seven letters: two tokens of about four.
    expect(record?.out_tokens).toBeGreaterThanOrEqual(2);
  });
});

test('a client that leaves before its body was complete has asked for nothing', async () => {
  const before = rig.router.books().opened.size;
  const socket = connect(rig.router.port, '127.0.0.1');
  await once(socket, 'connect');
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secretOf('acme')}\r\ncontent-length: 100\r\n\r\n{"model":`;
  socket.write(head);
  // A second request is answered behind it, so the first has been read by then.
  await (await rig.router.ask('/healthz', undefined, { method: 'GET' })).text();
  socket.destroy();
  expect(await rig.router.outstanding()).toEqual([]);
  expect(rig.router.books().opened.size).toBe(before);
});

test('after the last byte nothing is cancelled', async () => {
  const script = await rig.upstream.script({ answer: LONG });
  const answer = await start('m-chat', script.mark, true).answer;
  await answer.text();
  answer.leave();
  expect(recordOf(answer.header('x-atp-request-id'))).toMatchObject({ outcome: 'ok', source: 'reported' });
});

/** Where a client leaves: never, or after so many pieces of its answer. */
type Leave = 'never' | 'at once' | number;

test.each([1, 2, 3])('clients that leave at every stage under load leave nothing behind (seed %i)', async (seed) => {
  const rng = seededRng(seed);
  const before = new Set(rig.router.books().opened.keys());
  const one = async (i: number): Promise<void> => {
    const stream = randomInt(rng, 0, 3) > 0;
    const leave: Leave = (['never', 'at once', 0, 1, 2, 3] as const)[randomInt(rng, 0, 5)] ?? 'never';
    const model = `m-${PROVIDER_IDS[i % PROVIDER_IDS.length]}`;
    const script = await rig.upstream.script({ answer: LONG, slice_bytes: randomInt(rng, 20, 300) });
    const pending = start(model, script.mark, stream);
    if (leave === 'at once') pending.leave();
    const answer = await pending.answer.catch(() => undefined);
    if (answer !== undefined) await readSome(answer, leave);
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => one(i)));
  // A call of its own, to the end: the router has dealt with every abort that came before it.
  const script = await rig.upstream.script({ answer: LONG });
  await (await start('m-chat', script.mark, false).answer).text();
  let left = await rig.router.outstanding();
  while (left.length > 0) left = await rig.router.outstanding();
  const books = rig.router.books();
  expect(books.problems).toEqual([]);
  const mine = [...books.ended.values()].filter((call) => !before.has(call.call_id));
  expect(mine.length).toBeGreaterThan(30);
  for (const call of mine) {
    expect(['ok', 'cancelled']).toContain(call.outcome);
    if (call.outcome === 'ok') expect(call.usage).toMatchObject({ in_tokens: 11, out_tokens: 7 });
  }
});

async function readSome(answer: Answered, leave: Leave): Promise<void> {
  if (typeof leave !== 'number') {
    await answer.text();
    return;
  }
  for (let i = 0; i < leave; i += 1) await answer.chunk();
  answer.leave();
}
