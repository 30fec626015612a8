import { NANOS_PER_USD } from '@atp-router/kernel';
import type { RouteDecided, RouteFeedback } from '@atp-router/ledger';
import type { Guessed, PricedObservation } from '@atp-router/routing';

/** Choices that are looked at, and words on them: all that are kept of one process. */
export const ROUTES_MAX = 10_000;

/** Calls that have ended well, each with the last word of a person on it. */
export function observationsOf(events: readonly (RouteDecided | RouteFeedback)[]): readonly PricedObservation[] {
  const words = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'route.feedback' && event.by === undefined && !words.has(event.call_id))
      words.set(event.call_id, event.right);
  }
  return events.flatMap((event): PricedObservation[] => {
    if (event.type !== 'route.decided' || event.outcome !== 'ok') return [];
    const { call_id, candidates, plan, first, propensity, cost_usd_nanos, quality_usd } = event;
    const who = candidates.map(({ model, chance, expected_usd_nanos }) => ({
      ...{ model, chance, cost_usd: expected_usd_nanos / NANOS_PER_USD },
    }));
    const cost_usd = cost_usd_nanos / NANOS_PER_USD;
    const right = words.get(call_id);
    return [{ candidates: who, is_single: plan === 'single', first, propensity, cost_usd, right, quality_usd }];
  });
}

/** Null: nothing can be said. Eight digits, for prompts may cost millionths. */
export function guessed({ mean, low, high }: Guessed): object | null {
  const short = (value: number): number => Math.round(value * 1e8) / 1e8;
  return Number.isNaN(mean) ? null : { mean: short(mean), low: short(low), high: short(high) };
}
