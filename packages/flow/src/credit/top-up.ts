import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, NOTHING } from '../amounts.ts';
import type { AccountSnapshot } from '../snapshot.ts';
import { DIMENSIONS, each, least, positive } from './sums.ts';

/** What windows and the day's budget of an account leave, `Infinity` where nothing limits. */
export function freeAt({ remaining }: AccountSnapshot): Amounts {
  return {
    calls: tighter(remaining.window_calls, remaining.budget_calls),
    tokens: tighter(remaining.window_tokens, remaining.budget_tokens),
    usd_nanos: tighter(remaining.window_usd_nanos, remaining.budget_usd_nanos),
  };
}

function tighter(a: number | null, b: number | null): number {
  return Math.min(a ?? Number.POSITIVE_INFINITY, b ?? Number.POSITIVE_INFINITY);
}

/**
 * What one worker may be given in one go: a part of what is free that leaves as much again for every other one. It shrinks with
 * what is free, down to nothing: the last of it is given call by call.
 */
export function chunkOf(free: Amounts, workers: number): Amounts {
  return positive(each((of) => Math.floor(free[of] / (2 * workers))));
}

/** The same of what an account of the ledger has free now. */
export function chunkAt(ledger: AccountLedger, account: string, now_ms: number, workers: number): Amounts {
  const snapshot = ledger.snapshot(account, now_ms);
  return snapshot === undefined ? NOTHING : chunkOf(freeAt(snapshot), workers);
}

/** More is out or used there than its limits allow. */
export function isOverdrawn(ledger: AccountLedger, account: string, now_ms: number): boolean {
  const snapshot = ledger.snapshot(account, now_ms);
  if (snapshot === undefined) return false;
  const free = freeAt(snapshot);
  return free.calls < 0 || free.tokens < 0 || free.usd_nanos < 0;
}

/** Further calls of the size of `demand` that a chunk is enough for, `burst` at most. */
export function callsWithin(chunk: Amounts, demand: Amounts, burst: number): number {
  const counts = DIMENSIONS.map((of) => (demand[of] > 0 ? Math.floor(chunk[of] / demand[of]) : burst));
  return Math.min(burst, ...counts);
}

/** What was used of a budget, given anew as far as there is plenty. */
export function refill(chunk: Amounts, wants: Amounts): Amounts {
  return positive(least(chunk, wants));
}
