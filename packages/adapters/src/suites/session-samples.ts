import type { StoredChange, StoredSession } from '@atp-router/session';
import type { Frame, Lane, MessageId } from '@atp-router/wire';
import type { KeptSession, SessionStore } from '../sessions/index.ts';

export const RESUME_TTL_MS = 60_000;

/** Resolves when the changes are durable; rejects with the reason why they are not. */
export function saved(store: SessionStore, session: KeptSession, changes: readonly StoredChange[]): Promise<void> {
  return new Promise((resolve, reject) => {
    store.save(session, changes, (failure) => (failure === undefined ? resolve() : reject(failure)));
  });
}

export function keptSession(n: number): KeptSession {
  return { tenant: 'acme', key_id: 'k1', session_id: `name-of-session-${n}`, born: `born-${n}` };
}

/** A session whose handshake is done. `control_seq` tells one state of it from another. */
export function putSession(control_seq: number, more: Partial<StoredSession> = {}): StoredChange {
  return {
    put: 'session',
    value: {
      ...{ role: 'server', session_id: 'name', tokens: [], control_seq, next_stream: 2, peer_next_stream: 1 },
      ...{ peer_unseen: [], peer_pending_messages: 256, resets: [], streams: [], peer_window: {}, own_window: {} },
      agreed: {
        ...{ session_id: 'name', encoding: 'cbor', features: [], interval_ms: 10_000, idle_fin_ms: 300_000 },
        ...{ resume_ttl_ms: RESUME_TTL_MS, window: {} },
      },
      ...more,
    },
  };
}

export const laneOf = (stream_id: string, persona_id = ''): Lane => ({ stream_id, persona_id, clone_id: '' });
export const idOf = (stream_id: string, msg_seq: number): MessageId => ({ lane: laneOf(stream_id), msg_seq });

function frameOf(stream_id: string, msg_seq: number, more: Partial<Frame> = {}): Frame {
  const content = { text: `message ${msg_seq}`, bytes: new Uint8Array([0, 255, msg_seq]) };
  return { v: 1, session_id: 'name', stream_id, msg_seq, payload: { type: 'agent.log', content }, ...more };
}

export const putIn = (stream_id: string, msg_seq: number): StoredChange => {
  return { put: 'inbox', id: idOf(stream_id, msg_seq), frame: frameOf(stream_id, msg_seq), fin: false };
};
export const putOut = (stream_id: string, msg_seq: number): StoredChange => {
  return {
    put: 'outbox',
    id: idOf(stream_id, msg_seq),
    message: { payload: { type: 'agent.log' } },
    fin: msg_seq === 1,
  };
};
export const putPiece = (stream_id: string, msg_seq: number, frag_seq: number): StoredChange => {
  return { put: 'piece', frame: frameOf(stream_id, msg_seq, { frag_seq }) };
};
export const putLane = (lane: Lane, settled_up_to: number): StoredChange => {
  return { put: 'lane', value: { lane, settled_up_to, failed: [], credit: 255, next_seq: 0, peer_credit: 255 } };
};
