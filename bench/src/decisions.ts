/** Cumulative counts of a Prometheus histogram, by the upper bound of each bucket in seconds. */
export type Buckets = ReadonlyMap<number, number>;

const LINE = /^atp_decision_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;

/** How long the router took to decide on each call, as its own metrics say: authenticate, admit, route, reserve. */
export function parseDecisions(metrics: string): Buckets {
  return new Map(
    [...metrics.matchAll(LINE)].map(([, le, count]) => [le === '+Inf' ? Infinity : Number(le), Number(count)]),
  );
}

/** A quantile of what was counted between two readings, in µs, evenly spread within its bucket; null when nothing was. */
export function quantileBetween(before: Buckets, after: Buckets, share: number): number | null {
  const counts = [...after]
    .map(([le, count]) => [le, count - (before.get(le) ?? 0)] as const)
    .sort(([a], [b]) => a - b);
  const rank = share * (counts.at(-1)?.[1] ?? 0);
  if (rank === 0) return null;
  let [low, below] = [0, 0];
  for (const [le, count] of counts) {
    if (count >= rank) return 1e6 * (le === Infinity ? low : low + ((le - low) * (rank - below)) / (count - below));
    [low, below] = [le, count];
  }
  return null;
}
