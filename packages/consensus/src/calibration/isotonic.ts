import type { Bin } from './outcomes.ts';

/** A point of a function that never falls. */
export interface Step {
  readonly confidence: number;
  readonly chance: number;
}

/**
 * Isotonic regression by pooling neighbours that are in the wrong order (pool adjacent violators: Ayer et al. 1955; as a
 * calibration Zadrozny and Elkan 2002). Each pool says its share of right outcomes, with one of each kind added, so that no
 * bin is ever certain.
 */
export function fitIsotonic(bins: readonly Bin[]): Step[] {
  const share = ({ count, right }: Bin): number => (right + 1) / (count + 2);
  const pools: Bin[] = [];
  for (const bin of bins) {
    let pool = bin;
    for (let last = pools.at(-1); last !== undefined && share(last) >= share(pool); last = pools.at(-1)) {
      pools.pop();
      pool = {
        count: last.count + pool.count,
        right: last.right + pool.right,
        confidence: last.confidence + pool.confidence,
      };
    }
    pools.push(pool);
  }
  return pools.map((pool) => ({ confidence: pool.confidence / pool.count, chance: share(pool) }));
}

/** The function at a place: straight between points, level beyond the first and the last. */
export function isotonicAt(steps: readonly Step[], confidence: number): number {
  const above = steps.findIndex((step) => step.confidence >= confidence);
  const right = above < 0 ? steps.at(-1) : steps[above];
  const left = above <= 0 ? right : steps[above - 1];
  if (right === undefined || left === undefined) return confidence;
  const width = right.confidence - left.confidence;
  if (width <= 0) return right.chance;
  return left.chance + ((right.chance - left.chance) * (confidence - left.confidence)) / width;
}
