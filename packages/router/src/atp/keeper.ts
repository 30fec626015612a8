import type { KeptSession, SessionStore } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { SessionKeeper } from './host-types.ts';

/** What a store keeps of one session. */
export function keeperOf(session: KeptSession, store: SessionStore, clock: Clock): SessionKeeper {
  return {
    save: (changes, done) => store.save(session, changes, done),
    connected: (is_connected) => store.disconnected(session, is_connected ? undefined : clock.now_ms()),
  };
}

/** One call for each stream that a client opens: see docs/adr/0015. */
export function callOf(born: string, stream_id: string): string {
  return `${born}s${stream_id}`;
}
