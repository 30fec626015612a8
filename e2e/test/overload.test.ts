import { randomInt, seededRng } from '@atp-router/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model, provider, secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, type Pending, send } from '../src/http.ts';
import { total } from '../src/metrics.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';
import type { UpstreamRequest } from '../src/upstream/upstream.ts';

const OK: Behaviour = { answer: textAnswer('fine') };

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    const narrow = { max_concurrency: 2, max_queue: 2, queue_timeout_ms: 60_000 };
    return {
      ...base,
      providers: [
        ...base.providers,
        provider(upstream, 'chat', { id: 'narrow', ...narrow }),
        provider(upstream, 'chat', { id: 'hasty', ...narrow, max_concurrency: 1, queue_timeout_ms: 50 }),
      ],
      models: [
        ...base.models,
        model('narrow', 'narrow', { upstream_model: 'narrow' }),
        model('hasty', 'hasty', { upstream_model: 'hasty' }),
      ],
      policies: [
        { id: 'narrow', fallback: ['narrow', 'm-gemini'] },
        ...[1, 2].map((k) => ({
          id: `storm${k}`,
          fallback: [`m-chat-${k}`, `m-anthropic-${k}`, `m-gemini-${k}`],
          max_attempts: 5,
        })),
      ],
      tenants: [tenant('acme', { window: { max_parallel: 1_000 } })],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

function start(name: string, mark: string, stream = false, qos?: string): Pending {
  const body = { model: name, stream, messages: [{ role: 'user', content: mark }] };
  const headers = qos === undefined ? {} : { 'x-atp-qos': qos };
  return send({ port: rig.router.port, path: '/v1/chat/completions', key: secretOf('acme'), headers, body });
}

async function gauge(name: string, of: string): Promise<number> {
  return total(await rig.router.metrics(), name, { provider: of });
}

async function queued(of: string, wanted: number): Promise<void> {
  while ((await gauge('atp_provider_calls_waiting', of)) !== wanted);
}

describe('a concurrency limit with a bounded queue', () => {
  test('so many run, so many wait, the next goes elsewhere or is told to come again', async () => {
    const script = await rig.upstream.scriptBy({ narrow: [{ ...OK, gates: [0] }], gemini: [OK] });
    const running = [start('narrow', script.mark), start('narrow', script.mark)];
    const held: UpstreamRequest[] = [await rig.upstream.next(script), await rig.upstream.next(script)];
    const waiting = [start('narrow', script.mark), start('narrow', script.mark)];
    await queued('narrow', 2);
    expect(await gauge('atp_provider_calls_in_flight', 'narrow')).toBe(2);
    expect(await rig.upstream.untaken(script)).toEqual([]);

    const refused = await start('narrow', script.mark).answer;
    expect(refused.status).toBe(503);
    expect(refused.header('retry-after')).toBe('1');
    expect(await refused.text()).toContain('backpressure');
    const elsewhere = await start('policy:narrow', script.mark).answer;
    expect(elsewhere.header('x-atp-model')).toBe('m-gemini');

    for (const request of held) request.step();
    for (const { answer } of running) expect((await answer).status).toBe(200);
    const gemini = await rig.upstream.next(script);
    expect(gemini.seen.provider).toBe('gemini');
    for (let i = 0; i < 2; i += 1) (await rig.upstream.next(script)).step();
    for (const { answer } of waiting) expect((await answer).status).toBe(200);
  });

  test('gold goes before bronze', async () => {
    const script = await rig.upstream.script({ ...OK, gates: [0] });
    // Gold has its part of the places already, so that the next one waits and stops nobody.
    const running = [1, 2].map(() => start('narrow', script.mark, false, 'gold'));
    const held = [await rig.upstream.next(script), await rig.upstream.next(script)];
    const bronze = start('narrow', `${script.mark} in bronze`, false, 'bronze');
    await queued('narrow', 1);
    const gold = start('narrow', `${script.mark} in gold`, false, 'gold');
    await queued('narrow', 2);
    held[0]?.step();
    const first = await rig.upstream.next(script);
    expect(first.seen.body).toContain('in gold');
    held[1]?.step();
    first.step();
    (await rig.upstream.next(script)).step();
    for (const { answer } of [...running, bronze, gold]) expect((await answer).status).toBe(200);
  });

  test('a place that does not come free in time is given up', async () => {
    const script = await rig.upstream.script({ ...OK, gates: [0] });
    const running = start('hasty', script.mark);
    const held = await rig.upstream.next(script);
    const late = await start('hasty', script.mark).answer;
    expect(late.status).toBe(503);
    await late.text();
    held.step();
    expect((await running.answer).status).toBe(200);
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });

  test('a client that leaves the queue gives its place to the next', async () => {
    const script = await rig.upstream.script({ ...OK, gates: [0] });
    const running = [start('narrow', script.mark), start('narrow', script.mark)];
    const held = [await rig.upstream.next(script), await rig.upstream.next(script)];
    const waiting = [start('narrow', script.mark), start('narrow', script.mark)];
    await queued('narrow', 2);
    waiting[0]?.leave();
    await queued('narrow', 1);
    const next = start('narrow', script.mark);
    await queued('narrow', 2);
    for (const request of held) request.step();
    for (let i = 0; i < 2; i += 1) (await rig.upstream.next(script)).step();
    for (const pending of [...running, waiting[1], next]) expect((await pending?.answer)?.status).toBe(200);
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });
});

/** What a provider in trouble does. */
const TROUBLE: readonly Behaviour[] = [
  { status: 500 },
  { status: 503, headers: { 'retry-after-ms': '1' } },
  { status: 429, headers: { 'retry-after-ms': '1' } },
  { status: 529 },
  { cut: { after: -1, how: 'reset' } },
  { cut: { after: 0, how: 'reset' } },
  { body: '{"nonsense":', headers: { 'content-type': 'application/json' } },
  OK,
  OK,
];

test.each([1, 2])(
  'a storm of errors: every call ends once, with bounded attempts, all in its record (seed %i)',
  async (seed) => {
    const rng = seededRng(seed);
    const before = new Set(rig.router.books().opened.keys());
    const draw = (): Behaviour => TROUBLE[randomInt(rng, 0, TROUBLE.length - 1)] ?? OK;
    const one = async (): Promise<{ answer: Answered; requests: number }> => {
      const sequence = Array.from({ length: 5 }, draw);
      const script = await rig.upstream.script(sequence[0] ?? OK, ...sequence.slice(1));
      const answer = await start(`policy:storm${seed}`, script.mark, randomInt(rng, 0, 1) === 0).answer;
      const text = await answer.text();
      if (answer.status === 200) expect(text).toContain('fine');
      else expect([429, 502, 503]).toContain(answer.status);
      return { answer, requests: (await rig.upstream.untaken(script)).length };
    };
    const done = await Promise.all(Array.from({ length: 60 }, one));
    const books = rig.router.books();
    expect(books.problems).toEqual([]);
    expect(done.some(({ answer }) => answer.status === 200)).toBe(true);
    expect(done.some(({ answer }) => Number(answer.header('x-atp-attempts')) > 1)).toBe(true);
    for (const { answer, requests } of done) {
      const ended = books.ended.get(answer.header('x-atp-request-id') ?? '');
      // A call whose targets were all resting was refused before it began.
      if (ended === undefined) expect([requests, answer.status]).toEqual([0, 503]);
      else {
        expect(ended.attempts.length).toBe(requests);
        expect(requests).toBeLessThanOrEqual(5);
      }
    }
    expect([...books.ended.keys()].filter((id) => !before.has(id)).length).toBeGreaterThan(0);
  },
);
