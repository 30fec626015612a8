import { type Account, outOf } from './account.ts';
import { type Amounts, type LimitsRecord, limitsRecord, NOTHING } from './amounts.ts';
import { formatDay } from './days.ts';

/** An account at one moment. `null` in `remaining` means unlimited; a negative number is a debt. */
export interface AccountSnapshot {
  readonly id: string;
  readonly limits: LimitsRecord;
  /** Held by open reservations of any day. */
  readonly outstanding: Amounts;
  /** The UTC day, `YYYY-MM-DD`, that `used`, `held` and the budget part of `remaining` speak of. */
  readonly day: string;
  readonly used: Amounts;
  readonly held: Amounts;
  readonly remaining: {
    readonly window_calls: number | null;
    readonly window_tokens: number | null;
    readonly window_usd_nanos: number | null;
    readonly budget_usd_nanos: number | null;
    readonly budget_tokens: number | null;
    readonly budget_calls: number | null;
  };
  /** How far the day's budgets are overdrawn, by underestimates or a lowered limit. */
  readonly debt: Amounts;
  /** All settlements since the account was made, whatever their day; seeds are not among them. */
  readonly settled: Amounts;
}

/** Limits and what is left of them now; `Infinity` where nothing limits, negative for a debt. */
export interface Headroom {
  readonly calls_limit: number;
  readonly calls_left: number;
  /** The tighter of the token window and the day's token budget. */
  readonly tokens_limit: number;
  readonly tokens_left: number;
  readonly usd_nanos_limit: number;
  readonly usd_nanos_left: number;
}

export function headroomOf(account: Account, day: number): Headroom {
  const use = account.days.find(day);
  const used_tokens = use === undefined ? 0 : use.tokens + use.held_tokens;
  const used_usd_nanos = use === undefined ? 0 : use.usd_nanos + use.held_usd_nanos;
  const window_left = account.max_tokens - account.out_tokens;
  const budget_left = account.tokens_per_day - used_tokens;
  const by_budget = budget_left < window_left;
  return {
    calls_limit: account.max_parallel,
    calls_left: account.max_parallel - account.out_calls,
    tokens_limit: by_budget ? account.tokens_per_day : account.max_tokens,
    tokens_left: by_budget ? budget_left : window_left,
    usd_nanos_limit: account.usd_nanos_per_day,
    usd_nanos_left: account.usd_nanos_per_day - used_usd_nanos,
  };
}

export function snapshotOf(account: Account, day: number): AccountSnapshot {
  const use = account.days.find(day);
  const used = use ?? NOTHING;
  const held =
    use === undefined ? NOTHING : { calls: use.held_calls, tokens: use.held_tokens, usd_nanos: use.held_usd_nanos };
  const left_usd_nanos = account.usd_nanos_per_day - used.usd_nanos - held.usd_nanos;
  const left_tokens = account.tokens_per_day - used.tokens - held.tokens;
  const left_calls = account.calls_per_day - used.calls - held.calls;
  return {
    id: account.id,
    limits: limitsRecord(account.limits),
    outstanding: outOf(account),
    day: formatDay(day),
    used: { calls: used.calls, tokens: used.tokens, usd_nanos: used.usd_nanos },
    held,
    remaining: {
      window_calls: finite(account.max_parallel - account.out_calls),
      window_tokens: finite(account.max_tokens - account.out_tokens),
      window_usd_nanos: finite(account.max_usd_nanos - account.out_usd_nanos),
      budget_usd_nanos: finite(left_usd_nanos),
      budget_tokens: finite(left_tokens),
      budget_calls: finite(left_calls),
    },
    debt: { calls: debt(left_calls), tokens: debt(left_tokens), usd_nanos: debt(left_usd_nanos) },
    settled: { calls: account.settled_calls, tokens: account.settled_tokens, usd_nanos: account.settled_usd_nanos },
  };
}

function finite(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : value;
}

function debt(left: number): number {
  return left < 0 ? -left : 0;
}
