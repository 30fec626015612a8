const HOUR_MS = 3_600_000;

/** Hours since the epoch: by these what was learned fades. */
export function tickOf(ms: number): number {
  return Math.max(0, Math.floor(ms / HOUR_MS));
}
