import type { Qos } from '@atp-router/kernel';
import type { AimdOptions } from '../../window/aimd.ts';
import type { TuneGoal } from '../interval.ts';

/** A target as a replay has it. What it leaves out is in `docs/operations/tuning.md`. */
export interface Fleet {
  readonly servers: number;
  /** Calls that a server works on at full speed; with more of them each gets its share of that. */
  readonly knee: number;
  /** Work of a call before its first token. */
  readonly fixed_ms: number;
  readonly in_us_per_token: number;
  readonly out_us_per_token: number;
  /** Speed that is lost beyond the knee: all of it is divided by 1 + thrash * (calls / knee - 1). 0: nothing is lost. */
  readonly thrash: number;
  /** From dispatch; then the call is given up and its work is lost. */
  readonly timeout_ms: number;
  /** Answers carry a congestion mark while more than this multiple of the knee is in flight; null: never. */
  readonly mark_above: number | null;
  /** Calls that wait for the window; more are refused. */
  readonly queue_max: number;
  /** A call that has waited so long is refused. */
  readonly wait_max_ms: number;
}

/** From `at_ms` on the fleet has so many servers. */
export interface FleetChange {
  readonly at_ms: number;
  readonly servers: number;
}

export interface Arrival {
  readonly at_ms: number;
  readonly tenant: string;
  readonly qos: Qos;
  readonly in_tokens: number;
  readonly out_tokens: number;
}

/** A recorded load: its header, and calls in the order in which they came. */
export interface Load {
  readonly about: string;
  readonly duration_ms: number;
  /** What comes before is for learning, what comes after is scored. */
  readonly train_ms: number;
  /** Of the clock in which phases recur: milliseconds since 1970, or 0. */
  readonly start_ms: number;
  /** What recurs, recurs after this time. */
  readonly cycle_ms: number;
  readonly goal: TuneGoal;
  /** As the static tuner has them; `max` is the limit of all. */
  readonly factors: AimdOptions;
  readonly fleet: Fleet;
  readonly profile: readonly FleetChange[];
  readonly arrivals: readonly Arrival[];
}

export const LOAD_VERSION = 1;

/** What a load may have. A replay of the largest takes seconds, not minutes, and a router reads one when it starts. */
export const LOAD_LIMITS = {
  chars: 33_554_432,
  line_chars: 65_536,
  arrivals: 200_000,
  /** A week: what recurs daily is seen some times. */
  duration_ms: 604_800_000,
  profile: 1_000,
  tenants: 1_000,
  name_chars: 128,
  about_chars: 2_000,
  tokens: 10_000_000,
  servers: 1_000,
  knee: 1_000,
  /** The work of a replay grows with the calls in flight. */
  window: 1_024,
  queue: 100_000,
} as const;

/** The text is no load. The message has the line, what is wrong, and what is expected. */
export class LoadError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.name = 'LoadError';
    this.line = line;
  }
}
