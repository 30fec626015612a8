import { describe, expect, test } from 'vitest';
import { many, order, place, tenants, ways } from './support/crowd.ts';
import { configOf, good, model, provider, SILENCE, Stage } from './support/fixed.ts';
import type { Submitted } from './support/world.ts';

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
