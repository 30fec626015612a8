import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model, provider, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { readJournal } from '../src/journal.ts';
import { total } from '../src/metrics.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';

const OK: Behaviour = { answer: textAnswer('fine') };
const BROKEN: Behaviour = { status: 500, message: 'broken' };
/** Longest silence that the provider `hasty` may keep. */
const TIMEOUT_MS = 200;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    const chains = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((name, i) => ({
      id: `chain-${name}`,
      fallback: [`m-chat-${(i % 8) + 1}`, `m-anthropic-${(i % 8) + 1}`],
    }));
    return {
      ...base,
      providers: [
        ...base.providers,
        provider(upstream, 'chat', { id: 'hasty', head_timeout_ms: TIMEOUT_MS, idle_timeout_ms: TIMEOUT_MS }),
        provider(upstream, 'chat', { id: 'dead', base_url: 'http://127.0.0.1:1/v1' }),
        provider(upstream, 'chat', {
          id: 'fragile',
          retry: { max_attempts: 1, base_ms: 1, cap_ms: 1 },
          breaker: { open_ms: 100 },
        }),
      ],
      models: [...base.models, model('hasty', 'hasty'), model('dead', 'dead'), model('fragile', 'fragile')],
      policies: [
        ...chains,
        { id: 'hasty', fallback: ['hasty', 'm-gemini'] },
        { id: 'dead', fallback: ['dead', 'm-ollama'] },
        { id: 'fragile', fallback: ['fragile', 'm-chat'] },
      ],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const body = (name: string, mark: string, stream = false): object => ({
  model: name,
  stream,
  messages: [{ role: 'user', content: mark }],
});
const chat = (name: string, mark: string, stream = false): ReturnType<Rig['router']['ask']> =>
  rig.router.ask('/v1/chat/completions', body(name, mark, stream));

/** Attempts of the call as its usage record tells them. */
function attemptsOf(call_id: string | undefined): string[] {
  const ended = rig.router.books().ended.get(call_id ?? '');
  return (ended?.attempts ?? []).map((a) => `${a.kind} ${a.provider} ${a.outcome}`);
}

describe('before the first byte', () => {
  test.each<[string, Behaviour]>([
    ['a status 500', BROKEN],
    ['a status 503 with a short retry-after-ms', { status: 503, headers: { 'retry-after-ms': '5' } }],
    ['a status 429 with a short retry-after-ms', { status: 429, headers: { 'retry-after-ms': '5' } }],
    ['a reset before the head', { cut: { after: -1, how: 'reset' } }],
    ['a reset right after the head', { cut: { after: 0, how: 'reset' } }],
    ['an answer that is cut short', { cut: { after: 0, bytes: 20, how: 'reset' } }],
    ['an answer that is not JSON', { body: '<html>oops</html>', headers: { 'content-type': 'text/html' } }],
    ['JSON of another shape', { body: '{"hello":1}' }],
  ])('%s is tried again at the same provider', async (_name, fault) => {
    const script = await rig.upstream.script(fault, OK);
    const answer = await chat('m-chat', script.mark);
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-attempts')).toBe('2');
    expect(await answer.text()).toContain('fine');
    expect(await rig.upstream.untaken(script)).toHaveLength(2);
  });

  test.each<[string, Behaviour]>([
    ['a reset before the head', { cut: { after: -1, how: 'reset' } }],
    ['a stream that ends without content', { cut: { after: 1, how: 'end' } }],
    ['an empty stream', { cut: { after: 0, how: 'end' } }],
    ['a frame that is not JSON', { insert: { at: 0, raw: 'data: {"choices":[{\n\n' } }],
    [
      'an error inside the stream',
      { insert: { at: 1, raw: 'data: {"error":{"message":"no","type":"server_error"}}\n\n' } },
    ],
    ['a page instead of a stream', { body: '<html>oops</html>', headers: { 'content-type': 'text/html' } }],
  ])('%s is tried again, and the client sees nothing of it', async (_name, fault) => {
    const script = await rig.upstream.script(fault, OK);
    const answer = await chat('m-chat', script.mark, true);
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-attempts')).toBe('2');
    const text = await answer.text();
    expect(text).toContain('fine');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(text).not.toContain('error');
  });

  test('a provider that goes on failing is left for the next, in another shape', async () => {
    const script = await rig.upstream.scriptBy({ chat: [BROKEN], anthropic: [OK] });
    for (const stream of [false, true]) {
      const answer = await chat('policy:chain-a', script.mark, stream);
      expect(answer.status).toBe(200);
      expect(answer.header('x-atp-model')).toBe('m-anthropic-1');
      expect(answer.header('x-atp-attempts')).toBe('3');
      expect(await answer.text()).toContain('fine');
      expect(attemptsOf(answer.header('x-atp-request-id'))).toEqual([
        'primary chat error',
        'retry chat error',
        'fallback anthropic ok',
      ]);
    }
  });

  test('a long retry-after sends the call elsewhere at once, or to the client when there is nowhere else', async () => {
    const busy: Behaviour = { status: 429, headers: { 'retry-after': '30' }, message: 'slow down' };
    const script = await rig.upstream.scriptBy({ chat: [busy], anthropic: [OK] });
    const elsewhere = await chat('policy:chain-b', script.mark);
    expect(elsewhere.status).toBe(200);
    expect(elsewhere.header('x-atp-attempts')).toBe('2');
    const alone = await chat('m-chat-2', script.mark);
    expect(alone.status).toBe(429);
    expect(alone.header('retry-after')).toBe('30');
    expect(await alone.text()).not.toContain('slow down');
  });

  test('what is wrong with the request is not tried anywhere else', async () => {
    const script = await rig.upstream.scriptBy({
      chat: [{ status: 400, message: 'bad tool schema' }],
      anthropic: [OK],
    });
    const answer = await chat('policy:chain-c', script.mark);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('bad tool schema');
    expect((await rig.upstream.untaken(script)).map((r) => r.seen.provider)).toEqual(['chat']);
  });

  test('a refused key of the router counts against the provider and not against the client', async () => {
    const script = await rig.upstream.scriptBy({ chat: [{ status: 401 }], anthropic: [OK] });
    const answer = await chat('policy:chain-d', script.mark);
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-model')).toBe('m-anthropic-4');
  });

  test('a provider that never sends a head is given up in time', async () => {
    const script = await rig.upstream.scriptBy({ hasty: [{ gates: [0] }], gemini: [OK] });
    const answer = await chat('policy:hasty', script.mark);
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-model')).toBe('m-gemini');
    const silent = (await rig.upstream.untaken(script)).filter((r) => r.seen.provider === 'hasty');
    for (const request of silent) expect(await request.closed).toMatchObject({ by: 'peer' });
  });

  test('a provider that cannot be reached', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await chat('policy:dead', script.mark);
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-model')).toBe('m-ollama');
  });
});

describe('after the first byte', () => {
  const CUT: Behaviour = { answer: textAnswer('One', ' two', ' three'), gates: [' three'] };

  test.each<[string, Behaviour, RegExp]>([
    ['a reset', { ...CUT, cut: { after: ' two', how: 'reset' } }, /stream_truncated/],
    ['an end without the end mark', { ...CUT, cut: { after: ' two', how: 'end' } }, /stream_truncated/],
    ['a frame cut in its middle', { ...CUT, cut: { after: ' two', bytes: 9, how: 'end' } }, /stream_truncated/],
    ['a frame that is not JSON', { ...CUT, insert: { at: 3, raw: 'data: {"choi\n\n' } }, /upstream_error/],
    [
      'an error inside the stream',
      { ...CUT, insert: { at: 3, raw: 'data: {"error":{"message":"no","type":"server_error"}}\n\n' } },
      /upstream_error/,
    ],
  ])('%s ends the call with an error, and nothing is tried again', async (_name, fault, code) => {
    const script = await rig.upstream.scriptBy({ chat: [fault], anthropic: [OK] });
    const answer = await chat('policy:chain-e', script.mark, true);
    const request = await rig.upstream.next(script);
    // What was inserted is not behind the gate: it may have come with the first text already.
    const first = await answer.until(/"One"/);
    request.step();
    const rest = first + (await answer.text());
    expect(rest).toMatch(code);
    expect(rest).not.toContain('[DONE]');
    expect(rest).not.toContain('"finish_reason":"stop"');
    expect(await rig.upstream.untaken(script)).toEqual([]);
    expect(attemptsOf(answer.header('x-atp-request-id'))).toEqual(['primary chat error']);
  });

  test('silence', async () => {
    const script = await rig.upstream.scriptBy({ hasty: [CUT], gemini: [OK] });
    const answer = await chat('policy:hasty', script.mark, true);
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain('"One"');
    expect(text).toContain('upstream_timeout');
    expect(await request.closed).toMatchObject({ by: 'peer' });
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });

  test('an answer in slices of one byte arrives as it is', async () => {
    const text = 'Zürich — 東京 🎉 done';
    const script = await rig.upstream.script({ answer: textAnswer(...text), slice_bytes: 1 });
    for (const name of ['m-chat', 'm-anthropic', 'm-gemini', 'm-ollama', 'm-responses']) {
      const answer = await chat(name, script.mark, true);
      const got = [...(await answer.text()).matchAll(/"content":"([^"]*)"/g)].map((m) => m[1]).join('');
      expect(got).toBe(text);
    }
  });

  test('usage that is not reported is counted, and marked as counted', async () => {
    const { usage: _none, ...answer } = textAnswer('x'.repeat(400));
    const script = await rig.upstream.script({ answer });
    const plain = await chat('m-chat', script.mark);
    const streamed = await chat('m-chat', script.mark, true);
    expect(await streamed.text()).toContain('"usage_source":"counted"');
    await plain.text();
    for (const call of [plain, streamed]) {
      const ended = rig.router.books().ended.get(call.header('x-atp-request-id') ?? '');
      expect(ended?.attempts.map((a) => a.usage_source)).toEqual(['counted']);
      expect(ended?.usage.out_tokens).toBe(100);
      expect(ended?.usage.in_tokens).toBeGreaterThan(0);
      expect(ended?.cost_usd_nanos).toBeGreaterThan(0);
    }
  });
});

test('the circuit opens, rests the provider, probes, and closes', async () => {
  const script = await rig.upstream.scriptBy({ fragile: [BROKEN, BROKEN, BROKEN, BROKEN, BROKEN, OK], chat: [OK] });
  const models: (string | undefined)[] = [];
  const once = async (): Promise<string | undefined> => {
    const answer = await chat('policy:fragile', script.mark);
    expect(answer.status).toBe(200);
    await answer.text();
    return answer.header('x-atp-model');
  };
  for (let i = 0; i < 5; i += 1) models.push(await once());
  expect(models).toEqual(Array(5).fill('m-chat'));
  const state = total(await rig.router.metrics(), 'atp_breaker_state', { model: 'fragile' });
  expect(state).toBeGreaterThan(0);
  // Goes on until the rest is over: the first probe is the sixth request that the provider sees, and it succeeds.
  while ((await once()) !== 'fragile');
  expect((await rig.upstream.untaken(script)).filter((r) => r.seen.provider === 'fragile')).toHaveLength(6);
  expect(await once()).toBe('fragile');
  const changes = readJournal(rig.router.data_dir).flatMap((record) =>
    record.type === 'breaker.changed' && record.model === 'fragile' ? [`${record.from} ${record.to}`] : [],
  );
  expect(changes).toEqual(['closed open', 'open half_open', 'half_open closed']);
});
