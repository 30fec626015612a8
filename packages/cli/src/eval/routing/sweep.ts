import { mean } from '../measure.ts';
import type { Fixed } from './fixed.ts';
import { POINTS } from './points.ts';
import type { Run } from './report.ts';

/** At the lowest price all quality there is would just pay what the dearest model costs more than the cheapest, */
const LOWEST = 1 / POINTS;
/** and at the highest a tenth of a point does. */
const HIGHEST = 10;
const START = 5;
const PRICES_MAX = 11;
/** Steps in cost, over what the dearest costs more than the cheapest, that are small enough. */
const STEP = 0.08;
const DIGITS = 3;

/**
 * Runs at prices of quality that span from the cheapest model to the dearest: first five in equal ratios, then others between those two
 * where cost jumps most. Only what models cost on this set, and what routing then costs, goes in.
 */
export function swept(fixed: readonly Fixed[], run: (usd_per_point: number) => Run): readonly Run[] {
  const costs = fixed.map(({ cost_usd }) => cost_usd);
  const more = Math.max(...costs) - Math.min(...costs);
  // Where all cost the same, any price is as good.
  if (more <= 0) return [run(1)];
  const ratio = (HIGHEST / LOWEST) ** (1 / (START - 1));
  const runs = Array.from({ length: START }, (_, i) => run(rounded(more * LOWEST * ratio ** i)));
  while (runs.length < PRICES_MAX) {
    const at = runs.map(costOf);
    const steps = at.slice(1).map((cost, i) => Math.abs(cost - (at[i] ?? 0)) / more);
    const widest = steps.indexOf(Math.max(...steps));
    const [low, high] = [runs[widest]?.usd_per_point ?? 0, runs[widest + 1]?.usd_per_point ?? 0];
    const between = rounded(Math.sqrt(low * high));
    if ((steps[widest] ?? 0) < STEP || between === low || between === high) break;
    runs.splice(widest + 1, 0, run(between));
  }
  return runs;
}

function costOf({ orders }: Run): number {
  return mean(orders.map((order) => mean(order.map(({ cost_usd }) => cost_usd))));
}

/** So that a price can be named again. */
function rounded(price: number): number {
  return Number(price.toPrecision(DIGITS));
}
