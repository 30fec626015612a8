import { COOL_OFF_MS } from '@atp-router/flow';
import { ZERO_USAGE } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { configOf, good, provider, Stage, tenant } from './support/fixed.ts';

const DEPLOYMENT = 'deployment:p1/up-m1';

/** A stage whose model has had so many of a hundred answers that took twice and a half what was expected. */
function stageWith(too_low: number): Stage {
  const providers = [provider('p1', { max_concurrency: 32 })];
  const config = configOf({ providers, tenants: [tenant({ qos_max: 'gold' })] });
  const stage = new Stage({ config, script: () => good(3, 100), start_ms: Date.parse('2027-03-01T12:00:00Z') });
  const { engine, time } = stage.world;
  for (let i = 0; i < 100; i += 1) {
    const usage = { ...ZERO_USAGE, in_tokens: 50, out_tokens: i < too_low ? 200 : 50 };
    const size = { ascii_bytes: 200, other_bytes: 0, messages: 1, tools: 0, images: 0 };
    engine.parts.estimator.observe(
      { model: 'm1', size, in_tokens: 50, out_tokens: 50, usage, complete: true },
      time.now_ms(),
    );
  }
  return stage;
}

const reserved = ({ world }: Stage): number => world.ledger.windows('tenant:a')?.out_tokens ?? 0;

describe('a deployment whose estimates are too low', () => {
  test('now and then pays nothing', async () => {
    const stage = stageWith(25);
    stage.ask();
    await stage.pass(200);
    expect([...stage.world.engine.penalties.list(stage.world.time.now_ms())]).toEqual([]);
    expect(stage.world.ledger.windows(DEPLOYMENT)?.max_parallel).toBe(Infinity);
    expect(await stage.end()).toEqual([]);
  });

  test('again and again has half of the calls and more held for each, until the time for it is over', async () => {
    const stage = stageWith(40);
    const { engine, ledger, time } = stage.world;
    stage.ask({ max_tokens: 1_000 });
    const before = reserved(stage);
    await stage.pass(200);
    expect([...engine.penalties.list(time.now_ms())]).toMatchObject([
      { account: DEPLOYMENT, penalty: { parallel_factor: 0.5, loses_tier: false } },
    ]);
    expect(ledger.windows(DEPLOYMENT)?.max_parallel).toBe(16);
    const gold = stage.ask({ qos: 'gold', max_tokens: 1_000 });
    await stage.pass(1);
    expect(reserved(stage)).toBeGreaterThan(before * 1.5);
    expect(ledger.windows('provider:p1')?.tier('gold').calls).toBe(1);
    await stage.pass(200);
    expect(gold.client.ending).toBe('end');
    await stage.pass(COOL_OFF_MS);
    // Whoever comes next finds it over.
    stage.ask();
    expect(ledger.windows(DEPLOYMENT)?.max_parallel).toBe(Infinity);
    expect(await stage.end()).toEqual([]);
  });

  test('most of the time is served a tier worse', async () => {
    const stage = stageWith(70);
    const { ledger } = stage.world;
    stage.ask();
    await stage.pass(200);
    stage.ask({ qos: 'gold' });
    await stage.pass(1);
    const tiers = (['gold', 'silver', 'bronze'] as const).map((qos) => ledger.windows('provider:p1')?.tier(qos).calls);
    expect(tiers).toEqual([0, 1, 0]);
    expect(await stage.end()).toEqual([]);
  });
});
