import { assert, QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Windows } from '../account.ts';
import type { Amounts } from '../amounts.ts';

/**
 * The parts of an account's windows that each tier has for itself, from 0 to 1, 1 at most in all. What a tier does not use
 * others may have until somebody of the tier wants it.
 */
export type Shares = Readonly<Record<Qos, number>>;

/** Gold first, and nobody is left out for ever. */
export const DEFAULT_SHARES: Shares = { gold: 0.3, silver: 0.2, bronze: 0.05 };

export const NO_SHARES: Shares = { gold: 0, silver: 0, bronze: 0 };

export function assertShares(shares: Shares): void {
  const sum = QOS_TIERS.reduce((total, qos) => total + shares[qos], 0);
  assert(QOS_TIERS.every((qos) => shares[qos] >= 0) && sum <= 1 + 1e-9, 'shares are not below 0, and 1 at most in all');
}

/**
 * Whether a tier has less than its part in each window that is limited: what it has most of decides, as in dominant
 * resource fairness (Ghodsi et al., NSDI 2011).
 */
export function isBelowShare(windows: Windows, share: number, qos: Qos): boolean {
  if (share === 0) return false;
  const held = windows.tier(qos);
  return (
    held.calls < callsOf(windows, share, qos) &&
    held.tokens < share * windows.max_tokens &&
    held.usd_nanos < share * windows.max_usd_nanos
  );
}

/** What a tier may take until it has its part. */
export function leftOfShare(windows: Windows, share: number, qos: Qos): Amounts {
  const held = windows.tier(qos);
  return {
    calls: callsOf(windows, share, qos) - held.calls,
    tokens: share * windows.max_tokens - held.tokens,
    usd_nanos: share * windows.max_usd_nanos - held.usd_nanos,
  };
}

/** Whether a tier has its part, in the windows where something is missing, also without `given`. */
export function hasShareWithout(windows: Windows, share: number, qos: Qos, given: Amounts, short: Amounts): boolean {
  const held = windows.tier(qos);
  const keeps_calls = share === 0 || held.calls - given.calls >= callsOf(windows, share, qos);
  const keeps_tokens = share === 0 || held.tokens - given.tokens >= share * windows.max_tokens;
  const keeps_usd = share === 0 || held.usd_nanos - given.usd_nanos >= share * windows.max_usd_nanos;
  return (
    (short.calls === 0 || keeps_calls) && (short.tokens === 0 || keeps_tokens) && (short.usd_nanos === 0 || keeps_usd)
  );
}

/**
 * Whole calls of a part: gold has one wherever it has a part at all, of the others less than half a call is none. Else each tier
 * would have a call for itself where there is room for two.
 */
function callsOf({ max_parallel }: Windows, share: number, qos: Qos): number {
  if (max_parallel === Number.POSITIVE_INFINITY) return max_parallel;
  return qos === 'gold' ? Math.ceil(share * max_parallel) : Math.round(share * max_parallel);
}

/** What is missing in each window for a demand; 0 where it fits. */
export function shortage(windows: Windows, demand: Amounts): Amounts {
  return {
    calls: missing(demand.calls, windows.max_parallel - windows.out_calls),
    tokens: missing(demand.tokens, windows.max_tokens - windows.out_tokens),
    usd_nanos: missing(demand.usd_nanos, windows.max_usd_nanos - windows.out_usd_nanos),
  };
}

function missing(demand: number, left: number): number {
  return demand > 0 ? Math.max(0, demand - left) : 0;
}
