import type { SessionCounts } from '@atp-router/session';

export const NO_COUNTS: Readonly<SessionCounts> = {
  duplicates: 0,
  late: 0,
  dropped: 0,
  resent: 0,
  damaged: 0,
  unauthentic: 0,
  replayed: 0,
};

export function addCounts(sums: SessionCounts, counts: Readonly<SessionCounts>): void {
  for (const name of Object.keys(NO_COUNTS) as (keyof SessionCounts)[]) sums[name] += counts[name];
}
