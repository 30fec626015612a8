import type { UsdNanos } from '@atp-router/kernel';
import type { FanoutPlan } from './plan.ts';

/** Bounds of money and tokens; infinite where there is none. */
export interface Bounds {
  readonly usd_nanos: UsdNanos;
  readonly tokens: number;
}

/** What of the bounds of a call each of those may use that a fan-out asks. What one leaves is free for the others. */
export interface Split {
  /** Of each lane, and of each further question: filter, judge, escalation. */
  readonly share: Bounds;
  readonly shares: number;
  /** Money that is kept for the arbiter. */
  readonly arbiter_usd_nanos: UsdNanos;
}

/** Of a reserve, how many are asked mostly at most: what they use is not more than there is, whoever comes behind. */
const FURTHER_LANES = 2;

/**
 * The arbiter's cap comes first, half of the money at most: without lanes it has nothing to decide. The rest is shared evenly, so
 * that the sum of all never is more than the whole.
 */
export function splitBudget(plan: FanoutPlan, { usd_nanos, tokens }: Bounds): Split {
  const further = (plan.filter ? 1 : 0) + (plan.strategy.judge ? 1 : 0) + plan.escalations.length;
  const shares = plan.members.length + further + Math.min(FURTHER_LANES, plan.reserve?.length ?? 0);
  const arbiter_usd_nanos =
    plan.arbiter === undefined ? 0 : Math.min(plan.arbiter.max_usd_nanos, Math.floor(usd_nanos / 2));
  const share = { usd_nanos: part(usd_nanos - arbiter_usd_nanos, shares), tokens: part(tokens, shares) };
  return { share, shares, arbiter_usd_nanos };
}

function part(whole: number, shares: number): number {
  return whole === Number.POSITIVE_INFINITY ? whole : Math.floor(whole / Math.max(1, shares));
}
