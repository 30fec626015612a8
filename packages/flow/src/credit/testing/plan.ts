import type { Qos } from '@atp-router/kernel';
import type { AccountLimits } from '../../amounts.ts';
import type { CreditOptions } from '../options.ts';

/** What the way between a worker and the owner does to messages. */
export interface Weather {
  readonly delay_ms: readonly [least: number, most: number];
  readonly lost: number;
  readonly repeated: number;
  /** Overtakes those before it. */
  readonly early: number;
}

export const FAIR: Weather = { delay_ms: [1, 3], lost: 0, repeated: 0, early: 0 };

/** Times and sizes are large more often than in other histories: credit has to run out. */
export const STEEPNESS = 3;

export interface Setting {
  readonly workers: number;
  readonly limits: ReadonlyMap<string, AccountLimits>;
  /** Wall-clock time at which the history begins: before a midnight, at times just before. */
  readonly wall_ms: number;
  /** How fast the monotone clocks of the workers, and of each owner in turn, run. */
  readonly rates: readonly number[];
  readonly weather: Weather;
  /** Other times than those of `FAST`. */
  readonly options?: Partial<CreditOptions> | undefined;
  /** Nobody dies, nothing is cut, no limit is lowered: then nothing is passed by anything. */
  readonly is_calm: boolean;
  /** The incarnations of a worker share one journal: each is told what all before it used, and is debited for it. */
  readonly heirs?: boolean | undefined;
}

export interface PlannedCall {
  readonly do: 'call';
  readonly at_ms: number;
  readonly worker: number;
  readonly tenant: string;
  readonly model: string;
  readonly qos: Qos;
  readonly tokens: number;
  readonly hold_ms: number;
  readonly used: number;
  /** Undefined: it does not wait. */
  readonly wait_ms: number | undefined;
  /** The caller gives up. */
  readonly cancel_ms: number | undefined;
  /** Half-way it needs so much more, or less when it is below 0. */
  readonly grows: number;
  /** Half-way a second attempt begins, which adds to its funds. */
  readonly again: boolean;
  readonly is_preemptible: boolean;
}

export type PlannedEvent =
  | PlannedCall
  | {
      readonly do: 'crash';
      readonly at_ms: number;
      readonly worker: number;
      readonly for_ms: number;
      /** `self`: its next incarnation reads the journal; `other`: somebody else does; `nobody`. */
      readonly recovery: 'self' | 'other' | 'nobody';
    }
  | { readonly do: 'partition'; readonly at_ms: number; readonly worker: number; readonly for_ms: number }
  /** Its process does nothing for a while, and then all at once. */
  | { readonly do: 'stall'; readonly at_ms: number; readonly worker: number; readonly for_ms: number }
  | { readonly do: 'cut'; readonly at_ms: number; readonly worker: number; readonly for_ms: number }
  /** A `zombie` goes on until its tenure is over. */
  | {
      readonly do: 'owner_dies';
      readonly at_ms: number;
      readonly for_ms: number;
      readonly zombie: boolean;
      readonly knows_workers: boolean;
    }
  | {
      readonly do: 'limits';
      readonly at_ms: number;
      readonly account: string;
      readonly limits: AccountLimits;
      readonly skew_ms: number;
    };

export interface Plan {
  readonly seed: number;
  readonly setting: Setting;
  readonly events: readonly PlannedEvent[];
  /** From then on nothing goes wrong any more. */
  readonly heal_ms: number;
}

/** As the defaults, five times as fast: a history of some seconds has several leases. */
export const FAST: CreditOptions = {
  ttl_ms: 2_000,
  margin_ms: 200,
  report_ms: 400,
  idle_ms: 4_000,
  grace_ms: 60,
  answer_ms: 400,
  hello_ms: 100,
  scan_ms: 20,
  burst: 32,
  wants: 200,
  growing: 50,
  slots: 200,
  workers: 16,
  gone: 50,
  recovered: 20,
};

export const ACCOUNTS = [
  'router',
  'tenant:a',
  'tenant:b',
  'tenant:c',
  'provider:p',
  'deployment:m1',
  'deployment:m2',
] as const;
