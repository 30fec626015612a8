const DAY_MS = 86_400_000;

/** Days since the Unix epoch, UTC: the period of a budget as a cheap number. */
export function dayNumber(now_ms: number): number {
  return Math.floor(now_ms / DAY_MS);
}

/** The day number of a `YYYY-MM-DD` day, NaN when it is not one. */
export function parseDay(day: string): number {
  return /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(day) / DAY_MS : Number.NaN;
}

export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The first millisecond of a day. */
export function dayStart_ms(day: number): number {
  return day * DAY_MS;
}

export function untilDayEnd_ms(day: number, now_ms: number): number {
  return (day + 1) * DAY_MS - now_ms;
}
