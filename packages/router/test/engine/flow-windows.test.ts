import { describe, expect, test } from 'vitest';
import { many, order, tenants, ways } from './support/crowd.ts';
import { configOf, good, model, provider, Stage } from './support/fixed.ts';
import type { Submitted } from './support/world.ts';

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

  test('a PID tuner finds the window at which answers come in time', async () => {
    const config = configOf({
      providers: [provider('p1', { max_concurrency: 64, max_queue: 10_000, queue_timeout_ms: 600_000 })],
      tenants: tenants(),
      flow: { tuners: [{ model: 'm1', kind: 'pid', latency_ms: 400 }] },
    });
    // Each call that runs beside others makes all of them slower: eight at a time take 400 ms.
    const stage: Stage = new Stage({ config, script: () => good(3, 50 * Math.max(1, stage.world.upstreams.live)) });
    const asked: Submitted[] = [];
    const window = (): number => stage.world.ledger.windows('deployment:p1/up-m1')?.max_parallel ?? 0;
    for (let i = 0; i < 120; i += 1) {
      asked.push(...many(stage, 20, {}));
      await stage.pass(1_000);
    }
    expect(window()).toBeGreaterThanOrEqual(4);
    expect(window()).toBeLessThanOrEqual(12);
    stage.world.abortAll();
    expect(await stage.end()).toEqual([]);
    expect(asked.filter(({ client }) => client.ending === 'end').length).toBeGreaterThan(500);
  });
});
