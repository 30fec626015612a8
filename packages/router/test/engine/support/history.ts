import { deploymentAccount } from '../../../src/generation/accounts.ts';
import type { Scenario } from './scenario.ts';
import { brokenAtRest, brokenNow } from './invariants.ts';
import type { Seams } from './seams.ts';
import { World } from './world.ts';

/** More steps than any history needs; one that goes on for ever has something that wakes itself. */
const STEPS_MAX = 200_000;

export interface HistoryResult {
  readonly world: World;
  readonly broken: readonly string[];
}

/** Plays one history to its end and says what did not hold. The same seed plays the same history. */
export async function playHistory(seed: number, seams?: Seams, scenario?: Scenario): Promise<HistoryResult> {
  const world = new World(seed, undefined, seams, scenario);
  for (const plan of world.scenario.requests(world.draw)) world.time.after(plan.at_ms, () => world.submit(plan));
  planDisturbances(world);
  for (let steps = 0; step(world); steps += 1) {
    // What hangs on promises (keys, the shared store) goes on as far as it can before the next moment.
    await new Promise((resolve) => setImmediate(resolve));
    // With faults there are other rules, and a history goes on to its end.
    const broken = seams === undefined ? brokenNow(world) : [];
    if (broken.length > 0) return { world, broken };
    if (steps > STEPS_MAX) return { world, broken: ['the history does not come to rest'] };
  }
  return { world, broken: seams === undefined ? brokenAtRest(world) : [] };
}

/** What is thrown out of a timer would end a router. */
function step(world: World): boolean {
  try {
    return world.time.step();
  } catch (error) {
    world.breaches.push(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return true;
  }
}

function planDisturbances(world: World): void {
  const { draw, time, engine } = world;
  const at = (share: number, run: () => void): void => {
    if (draw.chance(share)) time.after(draw.int(0, 3_000), run);
  };
  const models = world.config.models;
  for (let i = 0; i < 2; i += 1) {
    at(0.2, () => {
      const scope = draw.one('tenant', 'key', 'model', 'provider');
      const model = draw.from(models);
      const id = { tenant: 'a', key: 'a/k', model: model.id, provider: model.provider }[scope];
      world.kill(scope, id);
      if (draw.chance(0.7)) time.after(draw.int(0, 1_000), () => world.kills.set(scope, id, false));
    });
    at(0.3, () => {
      const tenant = draw.one('tenant:a', 'tenant:b');
      const usd_nanos_per_day = draw.one(undefined, 0, 100_000, 1_000_000_000);
      const max_tokens = draw.one(undefined, 1, 900, 100_000);
      world.ledger.setLimits(tenant, { usd_nanos_per_day, max_tokens, max_parallel: draw.one(undefined, 1, 5) });
    });
    at(0.3, () => {
      const model = draw.from(models);
      const max_parallel = draw.one(0, 1, 50);
      const account = deploymentAccount(`${model.provider}/${model.upstream_model}`);
      world.ledger.setLimits(account, { max_parallel });
      engine.gate.configure(account, { max_waiting: draw.one(0, 3, 50) });
      engine.gate.wake(account);
      if (max_parallel === 0) time.after(draw.int(0, 1_000), () => world.applyLimits());
    });
  }
  at(0.2, () => world.reload(world.scenario.config(draw, world.config)));
  at(0.1, () => {
    world.drain();
    time.after(draw.int(0, 500), () => world.abortAll());
  });
}
