import { NO_COUNTS, type SessionCounts } from '@atp-router/session';

export function addCounts(sums: SessionCounts, counts: Readonly<SessionCounts>): void {
  for (const name of Object.keys(NO_COUNTS) as (keyof SessionCounts)[]) sums[name] += counts[name];
}
