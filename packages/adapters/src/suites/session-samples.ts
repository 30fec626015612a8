import type { StoredChange, StoredSession } from '@atp-router/session';
import type { Frame, Lane, MessageId } from '@atp-router/wire';
import type { FoundSession, KeptSession, SessionStore } from '../sessions/index.ts';

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
      ...{ role: 'server', session_id: 'name', tokens: [], control_seq },
      ...{ peer_pending_messages: 256, peer_window: {}, own_window: {} },
      agreed: {
        ...{ session_id: 'name', encoding: 'cbor', features: [], interval_ms: 10_000, idle_fin_ms: 300_000 },
        ...{ resume_ttl_ms: RESUME_TTL_MS, window: {} },
      },
      ...more,
    },
  };
}

export function putNumbers(next_stream: number, peer_next_stream: number): StoredChange {
  return { put: 'numbers', value: { next_stream, peer_next_stream } };
}
export const putUnseen = (from: number, to: number): StoredChange => ({ put: 'unseen', value: { from, to } });
export const putStream = (stream_id: string, got_fin = false): StoredChange => {
  return { put: 'stream', value: { stream_id, sent_fin: false, got_fin } };
};
export const putReset = (stream_id: string): StoredChange => {
  return { put: 'reset', value: { stream_id, error: { type: 'error', content: { code: 'EPOLICY', reason: '' } } } };
};

export const laneOf = (stream_id: string, persona_id = ''): Lane => ({ stream_id, persona_id, clone_id: '' });
export const idOf = (stream_id: string, msg_seq: number): MessageId => ({ lane: laneOf(stream_id), msg_seq });

function frameOf(stream_id: string, msg_seq: number, more: Partial<Frame> = {}): Frame {
  const content = { text: `message ${msg_seq}`, bytes: new Uint8Array([0, 255, msg_seq]) };
  return { v: 1, session_id: 'name', stream_id, msg_seq, payload: { type: 'agent.log', content }, ...more };
}

export const putIn = (stream_id: string, msg_seq: number): StoredChange => {
  return { put: 'inbox', id: idOf(stream_id, msg_seq), frame: frameOf(stream_id, msg_seq), fin: false };
};
/** A message that will not come. */
export const putLost = (stream_id: string, msg_seq: number): StoredChange => {
  return { put: 'inbox', id: idOf(stream_id, msg_seq), failed: 'expired' };
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

/** What is left of a session, for comparing. */
export function idsOf({ snapshot }: FoundSession): Readonly<Record<string, readonly string[]>> {
  const name = ({ lane, msg_seq }: MessageId): string => `${lane.stream_id}/${msg_seq}`;
  return {
    whole: [
      ...snapshot.streams.map(({ stream_id, got_fin }) => `stream ${stream_id}${got_fin ? ' ended' : ''}`),
      ...snapshot.resets.map(({ stream_id }) => `reset ${stream_id}`),
      ...snapshot.unseen.map(({ from, to }) => `unseen ${from} to ${to}`),
    ].sort(),
    lanes: snapshot.lanes
      .map(({ lane, settled_up_to }) => `${lane.stream_id}${lane.persona_id}/${settled_up_to}`)
      .sort(),
    inbox: snapshot.inbox.map(({ id }) => name(id)).sort(),
    outbox: snapshot.outbox.map(({ id }) => name(id)).sort(),
    pieces: snapshot.pieces.map(({ stream_id, msg_seq, frag_seq }) => `${stream_id}/${msg_seq}.${frag_seq}`).sort(),
  };
}
