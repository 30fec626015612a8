import { ACCOUNTS, type Plan, type PlannedEvent } from './plan.ts';
import { Starving } from './starving.ts';
import type { Machines } from './scene.ts';
import { World } from './world.ts';

export interface HistoryResult {
  readonly world: World;
  /** What did not hold; empty when all is well. */
  readonly problems: readonly string[];
}

/** From the healing until all that was begun is over: the longest call and patience, and leases that lapse meanwhile. */
const SETTLE_MS = 12_000;
/** For probes of all workers to be granted and to end, and for the last reports. */
const PROBE_MS = 2_500;
const STEPS_MAX = 200_000;

/** Plays a history to its end and says what did not hold. Equal plans play equally. */
export function playPlan(plan: Plan, machines: Machines = {}): HistoryResult {
  const world = new World(plan, machines);
  const { time, judge } = world;
  for (const event of plan.events) time.at(event.at_ms, () => perform(world, event));
  time.at(plan.heal_ms, () => world.heal());
  const starving = new Starving(world);
  starving.watch(plan.heal_ms);
  const settled_ms = plan.heal_ms + SETTLE_MS;
  time.at(settled_ms, () => probe(world));
  const end_ms = settled_ms + PROBE_MS;
  try {
    for (let steps = 0; judge.problems.length === 0 && time.step(end_ms); steps += 1)
      if (steps > STEPS_MAX) judge.broken('the history does not come to rest');
    if (judge.problems.length === 0) judge.atRest();
  } catch (error) {
    judge.broken(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  world.facts.histories = 1;
  return { world, problems: judge.problems };
}

/** Where there is plenty and all is well, each worker is granted a call soon. */
function probe(world: World): void {
  for (const account of ACCOUNTS) {
    const limits = world.limits.get(account);
    const wide = { max_parallel: 1_000, max_tokens: 1e9, max_usd_micros: 1e9 };
    const budgets = { tokens_per_day: 1e12, usd_nanos_per_day: 1e14, calls_per_day: 1e9 };
    if (limits === undefined) continue;
    const kept = Object.fromEntries(
      Object.entries({ ...wide, ...budgets }).filter(([name]) => limits[name as keyof typeof limits] !== undefined),
    );
    world.setLimits(account, kept, 0);
  }
  for (const worker of world.workers) {
    const granted = world.facts.granted;
    worker.call({
      ...{ do: 'call', at_ms: world.time.now_ms, worker: worker.index, tenant: 'a', model: 'm1', qos: 'silver' },
      ...{ tokens: 5, hold_ms: 50, used: 5, wait_ms: 500, cancel_ms: undefined, grows: 0, again: false },
      is_preemptible: false,
    });
    const before = world.facts.refused;
    world.time.after(600, () => {
      if (world.facts.refused > before || world.facts.granted <= granted)
        world.judge.broken(`${worker.name} is not granted a call where there is plenty`);
    });
  }
}

function perform(world: World, event: PlannedEvent): void {
  const worker = 'worker' in event ? world.workers[event.worker] : undefined;
  const { time, plan } = world;
  const later = (for_ms: number, run: () => void): void => time.at(Math.min(time.now_ms + for_ms, plan.heal_ms), run);
  switch (event.do) {
    case 'call':
      if (worker?.is_alive === true) worker.call(event);
      break;
    case 'crash':
      if (worker?.is_alive !== true) return;
      world.facts.crashes += 1;
      worker.crash();
      worker.recovery = event.recovery;
      if (event.recovery === 'other' && world.plan.setting.heirs !== true) {
        time.after(300, () => {
          worker.is_recovered = true;
          const { owner } = world;
          for (const one of world.journalOf(worker)) owner?.take(owner.core.settledFor(one, owner.now));
        });
      }
      later(event.for_ms, () => {
        if (world.workers[event.worker]?.is_alive === false) world.startWorker(event.worker);
      });
      break;
    case 'stall':
      if (worker !== undefined) worker.stalled_until_ms = Math.min(time.now_ms + event.for_ms, plan.heal_ms);
      break;
    case 'partition':
    case 'cut':
      if (worker?.is_alive !== true) return;
      worker.is_partitioned = true;
      if (event.do === 'cut') worker.take(worker.core.disconnected(worker.now));
      later(event.for_ms, () => {
        worker.is_partitioned = false;
        if (event.do === 'cut' && worker.is_alive) worker.connect();
      });
      break;
    case 'owner_dies':
      ownerDies(world, event);
      break;
    case 'limits':
      world.setLimits(event.account, event.limits, event.skew_ms);
      break;
  }
}

function ownerDies(world: World, { for_ms, zombie, knows_workers }: Extract<PlannedEvent, { do: 'owner_dies' }>): void {
  const { owner, time, plan } = world;
  if (owner === undefined) return;
  world.owner = undefined;
  world.facts.takeovers += 1;
  if (!zombie) {
    owner.is_alive = false;
    for (const worker of world.workers) {
      if (!worker.is_alive || !world.draw.chance(0.5)) continue;
      worker.owner = undefined;
      worker.take(worker.core.disconnected(worker.now));
    }
  }
  const at_ms = Math.max(time.now_ms + for_ms, zombie ? owner.tenure_ms : 0);
  time.at(Math.min(at_ms, Math.max(plan.heal_ms - 1, zombie ? owner.tenure_ms : 0)), () => {
    if (world.owner === undefined) world.elect(knows_workers ? world.alive() : undefined);
  });
}
