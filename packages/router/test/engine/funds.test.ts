import { costUsdNanos, ZERO_USAGE } from '@atp-router/kernel';
import { type CallEnded, LedgerFold, recoverCalls } from '@atp-router/ledger';
import { describe, expect, test } from 'vitest';
import { configOf, good, model, provider, SILENCE, Stage, tenant } from './support/fixed.ts';
import type { RequestPlan } from './support/scenario.ts';
import type { Script } from './support/script.ts';

const NO_LIMIT: Partial<RequestPlan> = { max_tokens: undefined };

function record(stage: Stage): CallEnded {
  const [ended, ...more] = stage.world.log.of('call.ended');
  if (ended === undefined || more.length > 0) throw new Error('not the one call');
  return ended;
}

describe('a stream near the end of its budget', () => {
  const policy = { policies: [{ id: 'x', fallback: ['m1'], budget: { tokens: 1_000 } }] };
  test.each([
    ['of the day', { tenants: [tenant({ budget: { tokens_per_day: 1_000 } })] }, {}],
    ['of the day, in money', { tenants: [tenant({ budget: { usd_per_day: 0.01 } })] }, {}],
    ['of the call', {}, { max_usd_nanos: 10_000_000 }],
    ['of its policy', policy, { model: 'policy:x' }],
  ])('has all of it: %s', async (_name, section, plan) => {
    const stage = new Stage({ config: configOf(section), script: () => good(900, 1_000) });
    const call = stage.ask({ ...NO_LIMIT, ...plan });
    expect(await stage.end()).toEqual([]);
    expect(call.client.ending).toBe('end');
    expect(record(stage).usage.out_tokens).toBe(900);
  });

  test('ends where it is used up, not a step before', async () => {
    const config = configOf({ tenants: [tenant({ budget: { tokens_per_day: 1_000 } })] });
    const stage = new Stage({ config, script: () => good(1_200, 1_000) });
    const call = stage.ask(NO_LIMIT);
    expect(await stage.end()).toEqual([]);
    expect(call.client.error?.code).toBe('budget_exhausted');
    const { in_tokens, out_tokens } = record(stage).usage;
    expect(in_tokens + out_tokens).toBe(1_001);
  });
});

describe('a budget that calls in flight hold', () => {
  const ask = async (budget: object, ends: boolean): Promise<unknown> => {
    const stage = new Stage({
      config: configOf({ tenants: [tenant({ budget })] }),
      script: (_provider, nth) => (nth === 0 && !ends ? SILENCE : good(3, 10)),
    });
    stage.ask({ max_tokens: 5_000 });
    if (ends) expect(await stage.end()).toEqual([]);
    else await stage.pass(10);
    const { client } = stage.ask({ max_tokens: 300 });
    expect(await stage.end()).toEqual([]);
    const { error } = client;
    return error === undefined ? undefined : { code: error.code, retry_after_ms: error.retry_after_ms };
  };

  test('is not used up: they seldom need all of it', async () => {
    expect(await ask({ tokens_per_day: 660 }, false)).toEqual({ code: 'rate_limited', retry_after_ms: 1_000 });
    expect(await ask({ tokens_per_day: 660 }, true)).toBeUndefined();
  });

  test('of calls is: those that run are used', async () => {
    expect(await ask({ calls_per_day: 1 }, false)).toMatchObject({ code: 'budget_exhausted' });
  });
});

test('a retry may take what the attempt before it held', async () => {
  const refused: Script = {
    ...{ fate: 'error status', fails_at_once: false, full_text: '', streams: true },
    steps: [
      { after_ms: 1, kind: 'head', status: 503 },
      { after_ms: 0, kind: 'end' },
    ],
  };
  const config = configOf({ tenants: [tenant({ budget: { tokens_per_day: 900 } })] });
  const stage = new Stage({ config, script: (_provider, nth) => (nth === 0 ? refused : good(3, 10)) });
  stage.ask(NO_LIMIT);
  expect(await stage.end()).toEqual([]);
  const reserved = stage.world.log.events.flatMap((event) =>
    event.type === 'call.opened' || event.type === 'attempt.started' ? [event.attempt.out_tokens] : [],
  );
  expect(reserved).toHaveLength(2);
  expect(reserved[1]).toBe(reserved[0]);
});

describe('a call that waited for its funds over midnight', () => {
  const start_ms = Date.parse('2027-03-01T23:59:55.000Z');
  const limits = { window: { max_parallel: 1 }, budget: { calls_per_day: 5 }, at_limit: 'wait' };
  const config = configOf({ tenants: [tenant(limits)] });

  test.each([[{}], [{ shared: true } as const]])('is charged to the new day everywhere (%j)', async (more) => {
    const stage = new Stage({ config, start_ms, script: () => good(3, 10_000), ...more });
    stage.ask();
    await stage.pass(100);
    stage.ask();
    expect(await stage.end()).toEqual([]);
    expect(stage.world.log.of('call.ended').map((event) => event.budget_day)).toEqual([undefined, '2027-03-02']);
    const used = (day: string) => stage.world.ledger.snapshot('tenant:a', Date.parse(day))?.used.calls;
    expect([used('2027-03-01'), used('2027-03-02')]).toEqual([1, 1]);
    if ('shared' in more) expect([...(stage.world.shared?.days.values() ?? [])]).toEqual(['2027-03-01', '2027-03-02']);
  });

  test('and so it is after a crash', async () => {
    const stage = new Stage({ config, start_ms, script: () => good(3, 10_000) });
    stage.ask();
    await stage.pass(100);
    stage.ask();
    await stage.pass(12_000);
    const fold = new LedgerFold('n');
    const { events } = stage.world.log;
    fold.applyBlock(
      1,
      events.map((event, i) => ({ v: 1, seq: i + 1, ts_ms: start_ms, ...event })),
    );
    const [interrupted, ...others] = recoverCalls(fold.openCalls());
    expect(others).toEqual([]);
    expect(interrupted).toMatchObject({ outcome: 'interrupted', budget_day: '2027-03-02' });
    expect(await stage.end()).toEqual([]);
  });
});

describe('what an attempt without an answer costs', () => {
  const hedged = {
    providers: [provider('p1'), provider('p2')],
    models: [model('m1', 'p1'), model('m2', 'p2')],
    policies: [{ id: 'x', fallback: ['m1', 'm2'], hedge_after_ms: 100 }],
  };
  const impatient = { providers: [provider('p1', { head_timeout_ms: 1_000, retry: { max_attempts: 1 } })] };
  const reset: Script = { ...SILENCE, steps: [{ after_ms: 50, kind: 'break', failure: 'reset' }] };

  test.each([
    ['its client left', {}, { leaves_after_ms: 500 }, 'cancelled'],
    ['its client left a plain answer', {}, { leaves_after_ms: 500, stream: false }, 'cancelled'],
    ['its call ran out of time', {}, { deadline_ms: 500 }, 'cancelled'],
    ['its provider did not answer in time', impatient, {}, 'error'],
    ['another one was faster', hedged, { model: 'policy:x' }, 'cancelled'],
  ])('the prompt, counted, when %s: as after a crash', async (_name, section, plan, outcome) => {
    const script = (name: string, _nth: number, kind: 'embed' | 'whole' | 'stream'): Script =>
      name === 'p2' ? good(3, 10, kind) : SILENCE;
    const stage = new Stage({ config: configOf(section), script });
    stage.ask(plan);
    const opened = () => stage.world.log.of('call.opened')[0]?.attempt;
    await stage.pass(1);
    const fold = new LedgerFold('n');
    const events = [...stage.world.log.events];
    fold.applyBlock(
      1,
      events.map((event, i) => ({ v: 1, seq: i + 1, ts_ms: 1, ...event })),
    );
    const crashed = recoverCalls(fold.openCalls())[0]?.attempts[0];
    expect(await stage.end()).toEqual([]);
    const given_up = record(stage).attempts.find((attempt) => attempt.n === 1);
    const { in_tokens = 0, price } = opened() ?? {};
    if (price === undefined) throw new Error('the model has a price');
    const usage = { ...ZERO_USAGE, in_tokens };
    const cost_usd_nanos = costUsdNanos(usage, price);
    expect(cost_usd_nanos).toBeGreaterThan(0);
    expect(given_up).toMatchObject({ outcome, usage, usage_source: 'counted', cost_usd_nanos });
    expect(crashed).toMatchObject({ outcome: 'interrupted', usage, usage_source: 'counted', cost_usd_nanos });
  });

  test('nothing when its provider broke it off or was not reached', async () => {
    const config = configOf({ providers: [provider('p1', { retry: { max_attempts: 2 } })] });
    const refused = { ...reset, fails_at_once: true };
    const stage = new Stage({ config, script: (_provider, nth) => (nth === 0 ? reset : refused) });
    stage.ask();
    expect(await stage.end()).toEqual([]);
    expect(record(stage)).toMatchObject({ outcome: 'error', cost_usd_nanos: 0 });
    expect(record(stage).attempts.map((attempt) => attempt.usage_source)).toEqual(['none', 'none']);
  });
});
