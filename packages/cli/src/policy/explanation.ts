import type { Considered, CostBounds, Decision } from '@atp-router/router';

/** Everything that is said of one request. */
export interface Explanation {
  readonly model: string;
  readonly decision: Decision;
  readonly considered: readonly Considered[];
  readonly bounds: CostBounds;
}

/** What is not limited is infinite. */
export function boundsOfBudget(budget: NonNullable<NonNullable<Decision['policy']>['budget']>): {
  readonly usd_nanos: number;
  readonly tokens: number;
} {
  const { usd_nanos = Number.POSITIVE_INFINITY, tokens = Number.POSITIVE_INFINITY } = budget;
  return { usd_nanos, tokens };
}
