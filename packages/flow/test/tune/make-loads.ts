import { logNormal, QOS_TIERS, type Rng, seededRng } from '@atp-router/kernel';
import type { Arrival, Fleet, FleetChange, Load } from '../../src/tune/load/format.ts';
import { DEFAULT_AIMD } from '../../src/window/aimd.ts';

// The loads of `examples/loads`, each made for one tuner to win. `loads.test.ts` holds the files against this and, with
// WRITE_DOCS=1, writes them.

function about(seed: number, words: string): string {
  return `Made by packages/flow/test/tune/make-loads.ts, seed ${seed}. ${words}`;
}

const SEED = 11;
const TENANTS = 6;
const CYCLE_MS = 72_000;

const FLEET: Fleet = {
  servers: 4,
  knee: 4,
  fixed_ms: 300,
  in_us_per_token: 100,
  out_us_per_token: 8_000,
  thrash: 0.5,
  timeout_ms: 12_000,
  mark_above: null,
  queue_max: 200,
  wait_max_ms: 5_000,
};

/** Median and 95th percentile of tokens. */
interface Mix {
  readonly in_tokens: readonly [number, number];
  readonly out_tokens: readonly [number, number];
}

const MIX: Mix = { in_tokens: [600, 1_500], out_tokens: [150, 260] };
const LONG_MIX: Mix = { ...MIX, out_tokens: [150, 355] };

const CALLS_PER_S = 10;

/** Calls as a Poisson process, of tenants of which some call more than others. */
function arrivals(seed: number, duration_ms: number, mix: Mix): Arrival[] {
  const rng = seededRng(seed);
  const calls: Arrival[] = [];
  for (let at_ms = 0; ; ) {
    at_ms += (-Math.log(1 - rng.next()) * 1_000) / CALLS_PER_S;
    if (at_ms >= duration_ms) return calls;
    calls.push(oneCall(rng, Math.floor(at_ms), mix));
  }
}

function oneCall(rng: Rng, at_ms: number, { in_tokens, out_tokens }: Mix): Arrival {
  const rank = Math.floor(rng.next() ** 2 * TENANTS);
  return {
    at_ms,
    tenant: `t${rank + 1}`,
    qos: QOS_TIERS[rank % QOS_TIERS.length] ?? 'silver',
    in_tokens: Math.round(logNormal(rng, ...in_tokens)),
    out_tokens: Math.round(logNormal(rng, ...out_tokens)),
  };
}

function steady(seed: number): Load {
  const duration_ms = 360_000;
  return {
    about: about(
      seed,
      'A load that is always a little more than the fleet serves, and a fleet that never changes. Its operator has ' +
        'measured the knee, 16 calls, and set base to it. Answers that take long are long, not delayed: about one in ' +
        'ten misses the objective in any window. PID gives windows away to reach it; the windows that the learned ' +
        'tuner may choose lie at 14 and 21. Static should win.',
    ),
    duration_ms,
    train_ms: 216_000,
    start_ms: 0,
    cycle_ms: 120_000,
    goal: { p95_ms: 2_800, capacity_tokens_per_s: 8_500 },
    factors: { ...DEFAULT_AIMD, base: 16, max: 48 },
    fleet: FLEET,
    profile: [],
    arrivals: arrivals(seed, duration_ms, LONG_MIX),
  };
}

function drifting(seed: number): Load {
  const duration_ms = 360_000;
  return {
    about: about(
      seed,
      'Servers come and go slowly, from 4 to 12 and back, in 270 s; a cycle has 100 s, so no phase is twice the same. No ' +
        'factors are right for long, and what was learned of a phase is wrong when it comes again. PID follows the p95 ' +
        'and should win.',
    ),
    duration_ms,
    train_ms: 180_000,
    start_ms: 0,
    cycle_ms: 100_000,
    goal: { p95_ms: 2_800, capacity_tokens_per_s: 8_500 },
    factors: { ...DEFAULT_AIMD, base: 12, max: 48 },
    fleet: { ...FLEET, servers: 10, knee: 2 },
    profile: drift(duration_ms),
    arrivals: arrivals(seed, duration_ms, MIX),
  };
}

/** Servers that come and go slowly, with a period that fits into no cycle. */
function drift(duration_ms: number): FleetChange[] {
  const changes: FleetChange[] = [];
  for (let at_ms = 5_000; at_ms < duration_ms; at_ms += 5_000) {
    const servers = Math.round(8 + 4 * Math.sin((2 * Math.PI * at_ms) / 270_000));
    if (servers !== changes.at(-1)?.servers) changes.push({ at_ms, servers });
  }
  return changes;
}

function recurring(seed: number): Load {
  const duration_ms = 360_000;
  return {
    about: about(
      seed,
      'Every 72 s the same: somebody else takes most of the servers at 21 s and at 54 s, at once, and gives them back at ' +
        '36 s and at 72 s. Latency tells it a call too late, the phase tells it before. The learned tuner should win.',
    ),
    duration_ms,
    train_ms: 216_000,
    start_ms: 0,
    cycle_ms: CYCLE_MS,
    goal: { p95_ms: 2_800, capacity_tokens_per_s: 8_500 },
    factors: { ...DEFAULT_AIMD, base: 12, max: 48 },
    fleet: { ...FLEET, servers: 10, knee: 2 },
    profile: recur(duration_ms),
    arrivals: arrivals(seed, duration_ms, MIX),
  };
}

/** In each cycle somebody else takes most of the servers twice, at once and for some seconds. */
function recur(duration_ms: number): FleetChange[] {
  const cycle = [
    { at_ms: 0, servers: 12 },
    { at_ms: 21_000, servers: 3 },
    { at_ms: 36_000, servers: 10 },
    { at_ms: 54_000, servers: 4 },
  ];
  const cycles = Array.from({ length: duration_ms / CYCLE_MS }, (_, i) => i * CYCLE_MS);
  return cycles.flatMap((begin_ms) => cycle.map(({ at_ms, servers }) => ({ at_ms: begin_ms + at_ms, servers })));
}

/** By file name. Other seeds make other calls of the same kind. */
export function exampleLoads(seed: number = SEED): ReadonlyMap<string, Load> {
  return new Map([
    ['static.jsonl', steady(seed)],
    ['pid.jsonl', drifting(seed)],
    ['learned.jsonl', recurring(seed)],
  ]);
}
