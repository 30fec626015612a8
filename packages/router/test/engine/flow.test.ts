import { describe, expect, test } from 'vitest';
import { configOf, good, model, provider, SILENCE, Stage, tenant } from './support/fixed.ts';
import type { RequestPlan } from './support/scenario.ts';
import type { Submitted } from './support/world.ts';

const NAMES = ['a', 'b', 'c'];

function tenants(more: Readonly<Record<string, object>> = {}): object[] {
  return NAMES.map((id, i) => ({
    ...tenant({ qos_max: 'gold', ...more[id] }),
    id,
    keys: [{ id: 'k', hash: `sha256:${String(i).repeat(64)}` }],
  }));
}

function place(max_concurrency: number): object {
  return provider('p1', { max_concurrency, max_queue: 10_000, queue_timeout_ms: 600_000 });
}

/** Ids of calls in the order in which they were promised to the journal. */
function order(stage: Stage): string[] {
  return stage.world.log.of('call.opened').map(({ call_id }) => call_id);
}

function ways(all: readonly Submitted[]): string[] {
  return all.map(({ client }) => client.error?.code ?? client.ending ?? 'nothing');
}

function many(stage: Stage, n: number, plan: Partial<RequestPlan>): Submitted[] {
  return Array.from({ length: n }, () => stage.ask(plan));
}

describe('whose turn it is at a full provider', () => {
  test('gold goes before silver, silver before bronze, and each has its part', async () => {
    const flow = { shares: { gold: 0.5, silver: 0.3, bronze: 0.2 }, preempt: false };
    const config = configOf({ providers: [place(10)], tenants: tenants(), flow });
    const stage = new Stage({ config, script: () => good(3, 1_000) });
    many(stage, 10, { qos: 'bronze' });
    const waiting = (['bronze', 'silver', 'gold'] as const).map((qos) => many(stage, 30, { qos }));
    await stage.pass(1_050);
    const begun = new Set(order(stage));
    const parts = waiting.map((calls) => calls.filter(({ call_id }) => begun.has(call_id)).length);
    expect(parts).toEqual([2, 3, 5]);
    expect(await stage.end()).toEqual([]);
  });

  test('is decided by tokens: a tenant of short calls and one of long ones get as many', async () => {
    const config = configOf({ providers: [place(4)], tenants: tenants({ b: { weight: 2 } }) });
    const stage = new Stage({ config, script: (_provider, nth) => good(10 + (nth % 7), 500) });
    many(stage, 4, { tenant: 'c', max_tokens: 10 });
    const asked = {
      a: many(stage, 300, { tenant: 'a', max_tokens: 40, words: 10 }),
      b: many(stage, 300, { tenant: 'b', max_tokens: 40, words: 10 }),
      c: many(stage, 300, { tenant: 'c', max_tokens: 40, words: 800 }),
    };
    await stage.pass(20_000);
    const tokens = (calls: Submitted[]): number => {
      const ids = new Set(calls.map(({ call_id }) => call_id));
      const ended = stage.world.log.of('call.ended').filter(({ call_id }) => ids.has(call_id));
      return ended.reduce((sum, { usage }) => sum + usage.in_tokens + usage.out_tokens, 0);
    };
    expect(tokens(asked.b) / tokens(asked.a)).toBeGreaterThan(1.8);
    expect(tokens(asked.b) / tokens(asked.a)).toBeLessThan(2.2);
    // The others have asked for as many calls, and are not behind one that asks for much at a time.
    expect(asked.a.filter(({ client }) => client.ending === 'end').length).toBeGreaterThan(20);
    stage.world.abortAll();
    expect(await stage.end()).toEqual([]);
  });

  test('a flood of one tenant moves another back by a call, not by the flood', async () => {
    const config = configOf({ providers: [place(2)], tenants: tenants() });
    const stage = new Stage({ config, script: () => good(3, 100) });
    many(stage, 500, { tenant: 'a' });
    const calm = stage.ask({ tenant: 'b' });
    await stage.pass(310);
    expect(calm.client.ending).toBe('end');
    expect(order(stage).indexOf(calm.call_id)).toBeLessThan(6);
    expect(await stage.end()).toEqual([]);
  });
});

describe('a gold call that finds no room', () => {
  const flow = { shares: { gold: 0.5, silver: 0.25, bronze: 0 } };
  const config = configOf({ providers: [place(4)], tenants: tenants(), flow });

  test('stops the oldest bronze call, which is told so, and pays for what it had', async () => {
    const stage = new Stage({ config, script: () => good(100, 10_000) });
    const bronze = [stage.ask({ qos: 'bronze', tenant: 'b' })];
    await stage.pass(10);
    bronze.push(...many(stage, 3, { qos: 'bronze', tenant: 'b' }));
    await stage.pass(2_000);
    const before = stage.world.ledger.snapshot('tenant:b', stage.world.time.now_ms())?.outstanding;
    const gold = stage.ask({ qos: 'gold' });
    await stage.pass(50);
    expect(ways(bronze)).toEqual(['preempted', 'nothing', 'nothing', 'nothing']);
    expect(gold.client.ending).toBeUndefined();
    expect(order(stage)).toContain(gold.call_id);
    const stopped = stage.world.log.of('call.ended').find(({ call_id }) => call_id === bronze[0]?.call_id);
    expect(stopped).toMatchObject({ outcome: 'error', error: 'preempted' });
    expect(stopped?.usage.out_tokens).toBeGreaterThan(5);
    expect(stopped?.usage.out_tokens).toBeLessThan(40);
    const after = stage.world.ledger.snapshot('tenant:b', stage.world.time.now_ms())?.outstanding;
    expect([before?.calls, after?.calls]).toEqual([4, 3]);
    expect(await stage.end()).toEqual([]);
    expect(bronze[0]?.client.error).toMatchObject({ code: 'preempted', retryable: true });
  });

  test('stops nobody once gold has its part, nor for silver', async () => {
    const stage = new Stage({ config, script: () => good(100, 10_000) });
    many(stage, 2, { qos: 'bronze' });
    many(stage, 2, { qos: 'gold' });
    const silver = stage.ask({ qos: 'silver' });
    const gold = stage.ask({ qos: 'gold' });
    await stage.pass(1_000);
    expect(ways([silver, gold])).toEqual(['nothing', 'nothing']);
    expect(stage.world.log.of('call.ended')).toEqual([]);
    expect(await stage.end()).toEqual([]);
  });

  test('takes bronze before silver, and leaves silver its part', async () => {
    const stage = new Stage({ config, script: () => good(100, 10_000) });
    const silver = many(stage, 3, { qos: 'silver' });
    const bronze = stage.ask({ qos: 'bronze' });
    const gold = many(stage, 4, { qos: 'gold' });
    await stage.pass(100);
    expect(ways([bronze])).toEqual(['preempted']);
    expect(ways(silver)).toEqual(['preempted', 'nothing', 'nothing']);
    expect(gold.filter(({ call_id }) => order(stage).includes(call_id))).toHaveLength(2);
    expect(await stage.end()).toEqual([]);
  });

  test('waits like others where the operator wants nobody stopped', async () => {
    const calm = configOf({ providers: [place(1)], tenants: tenants(), flow: { ...flow, preempt: false } });
    const stage = new Stage({ config: calm, script: () => good(10, 1_000) });
    const bronze = stage.ask({ qos: 'bronze' });
    const gold = stage.ask({ qos: 'gold' });
    expect(await stage.end()).toEqual([]);
    expect(ways([bronze, gold])).toEqual(['end', 'end']);
  });

  test('a hundred of them: each is served, and nothing stays held', async () => {
    const busy = configOf({ providers: [place(40)], tenants: tenants(), flow });
    const stage = new Stage({ config: busy, script: (_provider, nth) => good(50, 2_000 + (nth % 13) * 100) });
    const bronze = many(stage, 150, { qos: 'bronze', tenant: 'b' });
    const gold: Submitted[] = [];
    for (let i = 0; i < 20; i += 1) {
      await stage.pass(150);
      gold.push(...many(stage, 8, { qos: 'gold', tenant: i % 2 === 0 ? 'a' : 'c' }));
    }
    expect(await stage.end()).toEqual([]);
    expect(new Set(ways(gold))).toEqual(new Set(['end']));
    const stopped = ways(bronze).filter((way) => way === 'preempted').length;
    // Gold's part of the places: once it has that, it waits for its turn.
    expect(stopped).toBe(20);
    expect(ways(bronze).filter((way) => way === 'end').length + stopped).toBe(150);
  });
});

describe('windows of every level', () => {
  const wait = { at_limit: 'wait', window: { max_parallel: 100 } };
  test.each([
    ['the router', { flow: { window: { max_parallel: 1 } } }, {}, 'The router has no room'],
    ['a key', { tenants: tenants({ a: { key_window: { max_parallel: 1 } } }) }, {}, 'This key has no room'],
    [
      'an agent',
      { agents: [{ id: 'x', model: 'm1', window: { max_parallel: 1 } }] },
      { model: 'x' },
      'Agent "x" has no',
    ],
  ])('%s', async (_level, section, plan, words) => {
    const stage = new Stage({ config: configOf({ tenants: tenants(), ...section }), script: () => good(3, 1_000) });
    const [first, second] = many(stage, 2, plan);
    await stage.pass(10);
    expect(ways([first as Submitted, second as Submitted])).toEqual(['nothing', 'rate_limited']);
    expect(second?.client.error?.message).toContain(words);
    expect(await stage.end()).toEqual([]);
  });

  test.each([
    ['a model', { models: [model('m1', 'p1', { window: { max_parallel: 1 } })] }],
    ['a deployment', { models: [model('m1', 'p1', { max_concurrency: 1 })] }],
    ['a provider, in tokens', { providers: [provider('p1', { window: { max_tokens: 150 } })] }],
    ['a provider, in money', { providers: [provider('p1', { window: { max_usd_micros: 1_500 } })] }],
  ])('%s makes the next one wait', async (_level, section) => {
    const stage = new Stage({ config: configOf({ tenants: tenants(), ...section }), script: () => good(3, 1_000) });
    const all = many(stage, 2, {});
    await stage.pass(10);
    expect(order(stage)).toHaveLength(1);
    expect(await stage.end()).toEqual([]);
    expect(ways(all)).toEqual(['end', 'end']);
  });

  test('a call waits for its tenant and then for its provider, each as long as that says', async () => {
    const providers = [provider('p1', { max_concurrency: 1, queue_timeout_ms: 500 })];
    const config = configOf({ providers, tenants: tenants({ a: { ...wait, window: { max_parallel: 1 } }, b: wait }) });
    const stage = new Stage({ config, script: () => good(3, 800) });
    stage.ask({ tenant: 'a' });
    const patient = stage.ask({ tenant: 'a' });
    await stage.pass(790);
    stage.ask({ tenant: 'b' });
    // The place comes free before its turn there: it had waited for its tenant only.
    await stage.pass(300);
    expect(order(stage)).toHaveLength(2);
    await stage.pass(1_500);
    expect(['end', 'backpressure']).toContain(ways([patient])[0]);
    expect(await stage.end()).toEqual([]);
  });
});

describe('who is refused', () => {
  test('is told to come again at the pace at which others end', async () => {
    const config = configOf({ tenants: tenants({ a: { window: { max_parallel: 2 } } }) });
    const stage = new Stage({ config, script: () => good(3, 4_000) });
    const retry: (number | undefined)[] = [];
    for (let i = 0; i < 6; i += 1) {
      many(stage, 2, {});
      const refused = stage.ask();
      await stage.pass(4_100);
      retry.push(refused.client.error?.retry_after_ms);
    }
    // Two calls end every four seconds; nothing was known at first.
    expect(retry[0]).toBe(1_000);
    expect(retry.at(-1)).toBeGreaterThan(1_200);
    expect(retry.at(-1)).toBeLessThan(6_000);
    expect(await stage.end()).toEqual([]);
  });

  test('is the newest of the worst tier when too many wait', async () => {
    const providers = [provider('p1', { max_concurrency: 1, max_queue: 3, queue_timeout_ms: 60_000 })];
    const config = configOf({ providers, tenants: tenants(), flow: { preempt: false } });
    const stage = new Stage({ config, script: () => good(3, 1_000) });
    stage.ask();
    const bronze = many(stage, 3, { qos: 'bronze' });
    const late = stage.ask({ qos: 'bronze' });
    const gold = stage.ask({ qos: 'gold' });
    await stage.pass(5);
    expect(ways([...bronze, late, gold])).toEqual(['nothing', 'nothing', 'backpressure', 'backpressure', 'nothing']);
    expect(await stage.end()).toEqual([]);
  });
});

describe('two attempts of one call', () => {
  const config = configOf({
    providers: [provider('p1', { max_concurrency: 1, queue_timeout_ms: 60_000 }), provider('p2')],
    models: [model('m1', 'p1'), model('m2', 'p2')],
    policies: [{ id: 'x', fallback: ['m1', 'm2'], hedge_after_ms: 50 }],
    tenants: tenants(),
  });

  test('have one reservation of funds, whichever gets its place first', async () => {
    const stage = new Stage({ config, script: (id) => (id === 'p1' ? good(3, 300) : SILENCE) });
    stage.ask({ model: 'm1' });
    const racing = stage.ask({ model: 'policy:x' });
    await stage.pass(100);
    // The hedge runs, the first attempt still waits for its place.
    expect(stage.world.engine.gate.load('tenant:a')).toEqual({ in_flight: 2, waiting: 0 });
    expect(stage.world.engine.gate.load('provider:p1')).toEqual({ in_flight: 1, waiting: 1 });
    expect(await stage.end()).toEqual([]);
    expect(racing.client.ending).toBe('end');
    expect(stage.promised).toEqual(['m1', 'm2', 'm1']);
  });
});

describe('windows that follow what comes back', () => {
  const overloaded = (): ReturnType<typeof good> => ({
    ...{ fate: 'error status', fails_at_once: false, full_text: '', streams: true },
    steps: [
      { after_ms: 5, kind: 'head', status: 429 },
      { after_ms: 0, kind: 'end' },
    ],
  });

  test('a provider that says it has too much is asked for less at a time, and for more again when it is well', async () => {
    const providers = [
      provider('p1', {
        max_concurrency: 32,
        queue_timeout_ms: 60_000,
        retry: { max_attempts: 1 },
        breaker: { min_calls: 1_000 },
      }),
    ];
    let is_well = false;
    const config = configOf({ providers, tenants: tenants() });
    const stage = new Stage({ config, script: () => (is_well ? good(3, 20) : overloaded()) });
    for (let i = 0; i < 4; i += 1) {
      many(stage, 4, {});
      await stage.pass(600);
    }
    const narrow = stage.world.ledger.windows('deployment:p1/up-m1')?.max_parallel;
    expect(narrow).toBeLessThanOrEqual(4);
    is_well = true;
    for (let i = 0; i < 80; i += 1) {
      many(stage, 40, {});
      await stage.pass(600);
    }
    const again = stage.world.ledger.windows('deployment:p1/up-m1')?.max_parallel ?? 0;
    expect(again).toBeGreaterThan(narrow ?? 0);
    expect(await stage.end()).toEqual([]);
  });
});
