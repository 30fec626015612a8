import type { StoredChange } from '@atp-router/session';
import { snapshotOf } from './places.ts';
import type { FoundSession, KeptSession } from './types.ts';

/** The session that these items are, if a client may still resume it (S31). Without a handshake there is nothing to resume. */
export function resumable(
  session: KeptSession,
  items: readonly StoredChange[],
  since_ms: number,
  now_ms: number,
): FoundSession | undefined {
  const snapshot = snapshotOf(items);
  const resume_ttl_ms = snapshot?.session.agreed?.resume_ttl_ms;
  if (snapshot === undefined || resume_ttl_ms === undefined) return undefined;
  // A clock that was set back must not keep a session for longer than its time.
  const since = Math.min(since_ms, now_ms);
  return since + resume_ttl_ms > now_ms ? { session, snapshot, since_ms: since } : undefined;
}
