/**
 * Seconds and nanoseconds, to the microsecond: more a double does not hold of a time since 1970. A plain number before the
 * start of the process would be taken for a monotonic time.
 */
export function hrTime(epoch_ms: number): [number, number] {
  const epoch_us = Math.round(epoch_ms * 1_000);
  const seconds = Math.floor(epoch_us / 1_000_000);
  return [seconds, (epoch_us - seconds * 1_000_000) * 1_000];
}
