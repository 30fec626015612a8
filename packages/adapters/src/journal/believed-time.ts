const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far ahead of the last pass a clock may be and is believed at once: a weekend without the router. */
const PLAUSIBLE_MS = 3 * DAY_MS;

/** Behind a clock that jumped further, retention follows a day in each hour that the router runs. */
const CATCH_UP = 24;

/** No router of this kind ran before: a machine that says so has not set its clock yet. */
const EARLIEST_MS: number = Date.UTC(2025, 0, 1);

/**
 * The time by which retention may remove, or `undefined` when it must remove nothing. A clock that is wrong for a while
 * must not cost what retention is to keep, so one that jumped far ahead is followed slowly: after a long pause removal
 * comes a little later, and a false clock has hours in which somebody sets it right. `before_ms` is the time that was
 * believed last, or what the journal says of the time before; `elapsed_ms` is for how long this process ran since its
 * last pass, by a clock that does not jump: 0 at its first.
 */
export function believedTime(before_ms: number | undefined, now_ms: number, elapsed_ms: number): number | undefined {
  if (now_ms < EARLIEST_MS) return undefined;
  if (before_ms === undefined || now_ms <= before_ms + PLAUSIBLE_MS) return now_ms;
  return Math.min(now_ms, before_ms + elapsed_ms * CATCH_UP);
}
