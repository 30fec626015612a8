import { expect, test } from 'vitest';
import { configOf, good, model, provider, Stage, tenant } from './support/fixed.ts';

const NAMES = ['a', 'b', 'c', 'd'];

/** How the calls of a crowd ended, and how many each way. */
function tally(
  all: readonly { client: { error?: { code: string } | undefined; ending?: string | undefined } }[],
): object {
  const ways = Map.groupBy(all, ({ client }) => client.error?.code ?? client.ending ?? 'nothing');
  return Object.fromEntries([...ways].map(([way, calls]) => [way, calls.length]));
}

test('thousands who wait for a place are told one after the other that their model was switched off', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1', { max_concurrency: 1, max_queue: 10_000, queue_timeout_ms: 60_000 })],
      tenants: NAMES.map((id, i) => ({
        ...tenant({ window: { max_parallel: 1_000, max_tokens: 10_000_000 } }),
        id,
        keys: [{ id: 'k', hash: `sha256:${String(i).repeat(64)}` }],
      })),
    }),
    script: () => good(3, 5_000),
  });
  const all = NAMES.flatMap((name) => Array.from({ length: 900 }, () => stage.ask({ tenant: name })));
  await stage.pass(100);
  stage.world.kills.set('model', 'm1', true);
  stage.world.engine.kill('model', 'm1', 'it lies');
  await stage.pass(10);
  expect(stage.world.faults).toEqual([]);
  expect(tally(all)).toEqual({ policy_denied: 1, no_models_available: 3_599 });
  expect(await stage.end()).toEqual([]);
});

test('a whole queue of a tenant whose window opens in front of a full provider is refused, and nothing stays taken', async () => {
  const stage = new Stage({
    config: configOf({
      providers: [provider('p1'), provider('p2', { max_concurrency: 1, max_queue: 0 })],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      tenants: [
        tenant({ window: { max_parallel: 1 }, at_limit: 'wait' }),
        { ...tenant(), id: 'b', keys: [{ id: 'k', hash: `sha256:${'1'.repeat(64)}` }] },
      ],
    }),
    script: (id) => good(3, id === 'p1' ? 1_000 : 60_000),
  });
  stage.ask({ tenant: 'b', model: 'm2' });
  const first = stage.ask({ model: 'm1' });
  const others = Array.from({ length: 999 }, () => stage.ask({ model: 'm2' }));
  await stage.pass(2_000);
  expect(stage.world.faults).toEqual([]);
  expect(first.client.ending).toBe('end');
  expect(tally(others)).toEqual({ backpressure: 999 });
  // Its funds, and its place.
  expect([stage.world.engine.in_flight, stage.world.ledger.open.size]).toEqual([1, 2]);
});
