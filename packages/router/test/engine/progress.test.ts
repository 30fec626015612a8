import type { Usage } from '@atp-router/kernel';
import { type CallEnded, OpenCalls, recoverCalls } from '@atp-router/ledger';
import { describe, expect, test } from 'vitest';
import { configOf, provider, Stage, tenant } from './support/fixed.ts';
import type { Script, Step } from './support/script.ts';

interface Piece {
  readonly after_ms: number;
  readonly text?: string;
  /** What the provider says by then. */
  readonly usage?: Partial<Usage>;
  readonly finish?: true;
}

/** A stream that tells its usage as it goes, as providers do whose models think. */
function telling(pieces: readonly Piece[]): Script {
  const data = pieces.map(({ after_ms, text = '', usage: told, finish }): Step => {
    const usage = told && {
      ...{ in_tokens: 20, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, ...told },
    };
    const chunk = {
      ...{ id: 'x', created: 1, model: 'm', object: 'chat.completion.chunk' },
      choices: [{ index: 0, delta: { content: text }, finish_reason: finish === true ? 'stop' : null }],
      ...(usage && {
        usage: {
          prompt_tokens: usage.in_tokens,
          completion_tokens: usage.out_tokens,
          prompt_tokens_details: {
            cached_tokens: usage.cached_in_tokens,
            cache_write_tokens: usage.cache_write_tokens,
          },
          completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
        },
      }),
    };
    const bytes = `data: ${JSON.stringify(chunk)}\n\n`;
    return { after_ms, kind: 'data', bytes, text, usage, finish: finish === true, partial: false };
  });
  const steps: Step[] = [{ after_ms: 0, kind: 'head', status: 200 }, ...data, { after_ms: 0, kind: 'end' }];
  const full_text = pieces.map(({ text = '' }) => text).join('');
  return { fate: 'good', fails_at_once: false, full_text, streams: true, steps };
}

const THINKING = telling([
  { after_ms: 100, text: 'abcd', usage: { out_tokens: 20_000, reasoning_tokens: 19_999 } },
  { after_ms: 1_000, text: 'efgh', usage: { out_tokens: 60_000, reasoning_tokens: 59_998 } },
  { after_ms: 5_000, usage: { out_tokens: 100_000, reasoning_tokens: 99_998 }, finish: true },
]);

/** How the call ends whose client leaves at a moment, or whose router dies then. */
async function cut(script: Script, at_ms: number, how: 'left' | 'crashed'): Promise<CallEnded | undefined> {
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 10, cached_in_usd_per_mtok: 0.1, reasoning_usd_per_mtok: 12 };
  const models = [{ id: 'm1', provider: 'p1', upstream_model: 'up', context: 128_000, price }];
  const stage = new Stage({ config: configOf({ models }), script: () => script });
  stage.ask({ max_tokens: 100_000, ...(how === 'left' && { leaves_after_ms: at_ms }) });
  await stage.pass(at_ms + 1);
  const { log } = stage.world;
  if (how === 'left') return log.of('call.ended')[0];
  const open = new OpenCalls();
  for (const [i, event] of log.events.entries()) open.apply({ v: 1, seq: i + 1, ts_ms: 1, ...event });
  return recoverCalls(open.list())[0];
}

describe('usage that is reported while the answer is made', () => {
  test('ends a stream that its budget does not cover, whatever of it is text', async () => {
    const budget = { tokens_per_day: 1_000, usd_per_day: 0.01 };
    const stage = new Stage({ config: configOf({ tenants: [tenant({ budget })] }), script: () => THINKING });
    const { client } = stage.ask();
    await stage.pass(500);
    expect(client.error?.code).toBe('budget_exhausted');
    expect(await stage.end()).toEqual([]);
    expect(stage.world.log.of('call.ended')[0]?.usage.out_tokens).toBe(20_000);
  });

  test('takes more funds for what is not text', async () => {
    const stage = new Stage({ config: configOf({ tenants: [tenant()] }), script: () => THINKING });
    stage.ask();
    await stage.pass(2_000);
    const held = stage.world.ledger.snapshot('tenant:a', stage.world.time.now_ms())?.outstanding;
    expect(held?.tokens).toBeGreaterThan(60_000);
    expect(await stage.end()).toEqual([]);
  });

  test('is charged alike when the client leaves and when the router dies', async () => {
    const left = await cut(THINKING, 2_000, 'left');
    const crashed = await cut(THINKING, 2_000, 'crashed');
    expect(left?.usage).toMatchObject({ in_tokens: 20, out_tokens: 60_000, reasoning_tokens: 59_998 });
    expect(crashed?.usage).toEqual(left?.usage);
    expect(crashed?.cost_usd_nanos).toBe(left?.cost_usd_nanos);
    expect([left?.outcome, crashed?.outcome]).toEqual(['cancelled', 'interrupted']);
  });

  test('the prompt as well, before there is much of an answer', async () => {
    const script = telling([
      { after_ms: 100, text: 'abcd', usage: { in_tokens: 5_000, cached_in_tokens: 3_000, cache_write_tokens: 500 } },
      { after_ms: 5_000, finish: true },
    ]);
    const left = await cut(script, 2_000, 'left');
    const crashed = await cut(script, 2_000, 'crashed');
    expect(left?.usage).toMatchObject({ in_tokens: 5_000, cached_in_tokens: 3_000, cache_write_tokens: 500 });
    expect(crashed?.usage.in_tokens).toBe(5_000);
    expect(crashed?.usage).toMatchObject({ cached_in_tokens: 3_000, cache_write_tokens: 500 });
  });

  test('is not journaled again while it says nothing new', async () => {
    const usage = { in_tokens: 5_000 };
    const pieces = Array.from({ length: 50 }, () => ({ after_ms: 10, text: 'abcd', usage }));
    const script = telling([...pieces, { after_ms: 10, usage, finish: true }]);
    const stage = new Stage({ config: configOf(), script: () => script });
    stage.ask();
    expect(await stage.end()).toEqual([]);
    expect(stage.world.log.of('attempt.progress')).toHaveLength(1);
  });
});

describe('a stream that takes longer than the router allows', () => {
  const LIMIT_MS = 1_000;
  const IDLE_MS = 500;
  const config = configOf({
    limits: { stream_duration_ms: LIMIT_MS },
    providers: [provider('p1', { idle_timeout_ms: IDLE_MS })],
  });

  async function run(pieces: readonly Piece[]) {
    const stage = new Stage({ config, script: () => telling(pieces) });
    const { client } = stage.ask();
    expect(await stage.end()).toEqual([]);
    const [ended] = stage.world.log.of('call.ended');
    return { client, outcome: ended?.outcome, error: ended?.error, source: ended?.attempts[0]?.usage_source };
  }

  const steps = (count: number): Piece[] => Array.from({ length: count }, () => ({ after_ms: 400, text: 'abcd' }));

  test('is cut', async () => {
    expect(await run([...steps(9), { after_ms: 400, finish: true }])).toMatchObject({ error: 'deadline_exceeded' });
  });

  test('is kept when it is whole with the chunk that comes too late', async () => {
    const last: Piece = { after_ms: 400, finish: true, usage: { out_tokens: 2 } };
    expect(await run([...steps(2), last])).toMatchObject({ outcome: 'ok', source: 'reported' });
  });

  test('has as long for its usage as for any next byte, and is whole without', async () => {
    const finish: Piece = { after_ms: 400, finish: true };
    const usage: Piece = { after_ms: 100, usage: { out_tokens: 2 } };
    expect(await run([...steps(2), finish, usage])).toMatchObject({ outcome: 'ok', source: 'reported' });
    const nothing = Array.from({ length: 100 }, () => ({ after_ms: 100 }));
    expect(await run([...steps(2), finish, ...nothing, usage])).toMatchObject({ outcome: 'ok', source: 'counted' });
  });
});
