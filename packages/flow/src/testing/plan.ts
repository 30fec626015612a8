import type { Qos } from '@atp-router/kernel';
import type { AccountLimits } from '../amounts.ts';
import type { StarvationOptions } from '../fair/starvation.ts';
import type { Shares } from '../scheduler/shares.ts';
import type { WatermarkOptions } from '../window/watermark.ts';
import type { Sum } from './sums.ts';

/** Noon of a day. */
export const WALL_ORIGIN_MS = 1_800_014_400_000;
export const DAY_MS = 86_400_000;

/** How the world of a history is made. */
export interface Setting {
  readonly max_accounts: number;
  readonly waiting: number;
  readonly waiting_per_account: number;
  readonly starvation: StarvationOptions;
  readonly marks: WatermarkOptions;
  /** One account is short, everybody asks for more than it has, and who gets how much is judged. */
  readonly is_fair: boolean;
  /** All use just what they hold: what is charged is known at once, and fairness is judged without an allowance for it. */
  readonly is_exact: boolean;
  /** Windows of a session that nobody gave any. */
  readonly rule: AccountLimits | undefined;
  /** Of tenants. */
  readonly weights: readonly number[];
  /** What tenants use of their estimates: times what an event says. */
  readonly use: readonly number[];
}

/** A demand. Its deadline is from the moment of the event; `Infinity` is for ever, and patience of 0 is none at all. */
export interface Ask {
  readonly do: 'ask';
  readonly qos: Qos;
  readonly tenant: number;
  readonly key: number;
  readonly session: number;
  /** Undefined: it needs no provider. */
  readonly model: number | undefined;
  /** It takes nothing of its tenant: only a provider's part. */
  readonly is_bare: boolean;
  readonly amounts: Sum;
  readonly patience_ms: readonly [tenant: number, model: number];
  readonly deadline_ms: number;
  readonly lease_ms: number;
  readonly is_preemptible: boolean;
}

/** `pick` chooses among those that there are at that time. */
interface Picked {
  readonly pick: number;
}

export type PlannedEvent =
  | Ask
  /** What is granted is to hold more, in a queue, perhaps together with a provider's part. */
  | (Picked & {
      readonly do: 'grow';
      /** Only what this tenant has. */
      readonly tenant?: number;
      readonly by: Sum;
      readonly patience_ms: number;
      readonly model: number | undefined;
    })
  /** One that waits has what is granted grow, instead of a part of the same accounts. */
  | (Picked & { readonly do: 'replace'; readonly by: Sum; readonly patience_ms: number })
  /** What is granted is to hold more at once, or less. */
  | (Picked & { readonly do: 'adjust'; readonly part: number; readonly factor: number })
  /** A part ends with `use` times what it holds, or all do; undefined: it was not begun. */
  | (Picked & { readonly do: 'end'; readonly part: number | 'all'; readonly use: number | undefined })
  /** Nobody ends what it holds any more. */
  | (Picked & { readonly do: 'crash' })
  /** A holder that crashed comes back and says what it used. */
  | (Picked & { readonly do: 'return'; readonly use: number })
  | (Picked & { readonly do: 'cancel' })
  | (Picked & { readonly do: 'renew' })
  | { readonly do: 'limits'; readonly account: number; readonly limits: AccountLimits }
  /** Present conditions allow so many calls. */
  | { readonly do: 'ceiling'; readonly account: number; readonly calls: number }
  | { readonly do: 'retire'; readonly account: number }
  | {
      readonly do: 'configure';
      readonly account: number;
      readonly shares: Shares | undefined;
      readonly max_waiting: number | undefined;
    }
  /** Time passes; the timer may come late. */
  | { readonly do: 'pass'; readonly by_ms: number; readonly is_late: boolean }
  /** The wall clock is set, forwards or back. */
  | { readonly do: 'clock'; readonly by_ms: number }
  | { readonly do: 'wake'; readonly account: number | undefined };

/** A history before it is played: it can be thinned and played again. */
export interface Plan {
  readonly seed: number;
  readonly setting: Setting;
  /** How accounts begin: before the first demand. */
  readonly opening: readonly PlannedEvent[];
  readonly events: readonly PlannedEvent[];
}
