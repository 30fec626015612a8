import type { DayUse } from './account.ts';
import type { Denial, LimitDimension } from './amounts.ts';
import { untilDayEnd_ms } from './days.ts';

/**
 * The first limit that a demand does not fit, or undefined. Budgets are asked before windows, because waiting for a
 * window is pointless for a call that the budget refuses. A demand of zero or less in a dimension always fits there:
 * it takes nothing, so a debt does not stop a free model.
 */
export function firstDenial(
  uses: readonly DayUse[],
  calls: number,
  tokens: number,
  usd_nanos: number,
  now_ms: number | undefined,
): Denial | undefined {
  for (const use of uses) {
    const denial = budgetDenial(use, calls, tokens, usd_nanos, now_ms);
    if (denial !== undefined) return denial;
  }
  for (const use of uses) {
    const denial = windowDenial(use, calls, tokens, usd_nanos);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

function budgetDenial(
  use: DayUse,
  calls: number,
  tokens: number,
  usd_nanos: number,
  now_ms: number | undefined,
): Denial | undefined {
  const account = use.account;
  if (usd_nanos > 0 && usd_nanos > use.available_usd_nanos()) {
    const limit = account.usd_nanos_per_day;
    return budget(use, 'budget_usd', usd_nanos, limit, use.available_usd_nanos(), use.held_usd_nanos, now_ms);
  }
  if (tokens > 0 && tokens > use.available_tokens()) {
    const limit = account.tokens_per_day;
    return budget(use, 'budget_tokens', tokens, limit, use.available_tokens(), use.held_tokens, now_ms);
  }
  if (calls > 0 && calls > use.available_calls()) {
    const limit = account.calls_per_day;
    return budget(use, 'budget_calls', calls, limit, use.available_calls(), use.held_calls, now_ms);
  }
  return undefined;
}

function windowDenial(use: DayUse, calls: number, tokens: number, usd_nanos: number): Denial | undefined {
  const account = use.account;
  if (calls > 0 && calls > account.max_parallel - account.out_calls) {
    // A ceiling passes: a demand waits for what its account may have in better times.
    const in_better_times = account.limits.max_parallel ?? Number.POSITIVE_INFINITY;
    const denial = window(account.id, 'window_calls', calls, account.max_parallel, account.out_calls);
    return { ...denial, waitable: calls <= in_better_times };
  }
  if (tokens > 0 && tokens > account.max_tokens - account.out_tokens) {
    return window(account.id, 'window_tokens', tokens, account.max_tokens, account.out_tokens);
  }
  if (usd_nanos > 0 && usd_nanos > account.max_usd_nanos - account.out_usd_nanos) {
    return window(account.id, 'window_usd', usd_nanos, account.max_usd_nanos, account.out_usd_nanos);
  }
  return undefined;
}

function budget(
  use: DayUse,
  dimension: LimitDimension,
  wanted: number,
  limit: number,
  available: number,
  held: number,
  now_ms: number | undefined,
): Denial {
  const denial = {
    ok: false,
    account: use.account.id,
    dimension,
    limit,
    available,
    waitable: wanted <= available + held,
  } as const;
  if (now_ms === undefined || wanted > limit) return denial;
  return { ...denial, retry_after_ms: untilDayEnd_ms(use.day, now_ms) };
}

function window(account: string, dimension: LimitDimension, wanted: number, limit: number, out: number): Denial {
  return { ok: false, account, dimension, limit, available: limit - out, waitable: wanted <= limit };
}
