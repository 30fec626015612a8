/** Time as the shells hand it in. Pure rooms take timestamps as arguments and never hold a clock. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. May jump. For records and expiry dates. */
  now_ms(): number;
  /** Monotonic milliseconds with a fraction, from an arbitrary origin. For durations and timers. */
  mono_ms(): number;
}

/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface Timers {
  after(delay_ms: number, run: () => void): Timer;
}

/** The UTC calendar day of a wall-clock time as `YYYY-MM-DD`: the period of daily budgets. */
export function utcDay(now_ms: number): string {
  return new Date(now_ms).toISOString().slice(0, 10);
}

/** Milliseconds from `now_ms` to the next UTC midnight. */
export function untilNextUtcDay_ms(now_ms: number): number {
  const day_ms = 86_400_000;
  return day_ms - (((now_ms % day_ms) + day_ms) % day_ms);
}
