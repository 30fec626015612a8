/**
 * Why a connection is closed from here, and as what a WebSocket tells it (RFC 6455, 7.4; 4000 and up are this protocol's
 * own). `docs/protocol/atp-transports.md` says what a client does then.
 */
export const CLOSES: Readonly<Record<CloseName, number>> = {
  done: 1000,
  going_away: 1001,
  not_text: 1007,
  refused: 1008,
  too_large: 1009,
  failed: 1011,
  no_room: 1013,
  slow: 4000,
  no_frame: 4001,
  silent: 4002,
  superseded: 4003,
  absent: 4004,
};

export type CloseName =
  /** The session is over. */
  | 'done'
  /** The node stops. */
  | 'going_away'
  /** Compressed data that is none. Said by the shell only. */
  | 'not_text'
  /** The credential, or what the client wants, is not accepted. */
  | 'refused'
  /** A message larger than a frame may be. Said by the shell only. */
  | 'too_large'
  /** A fault of this node. */
  | 'failed'
  /** Too many connections or sessions. */
  | 'no_room'
  /** The peer did not take what was sent. */
  | 'slow'
  /** No frame came after the handshake. */
  | 'no_frame'
  /** Nothing came for three heartbeats. */
  | 'silent'
  /** The session goes on over another connection. */
  | 'superseded'
  /** Nobody reads the events. */
  | 'absent';

/** What fits into a close frame beside the code (RFC 6455, 5.5), cut between characters. */
const REASON_BYTES = 123;

/** For people; where the caller says nothing of its own. */
const REASONS: Readonly<Record<CloseName, string>> = {
  done: 'The session is over.',
  going_away: 'The router is stopping. Connect again.',
  not_text: 'Compressed data that is none.',
  refused: 'The session is refused. Its last frame says why.',
  too_large: 'A message larger than a frame may be.',
  failed: 'A fault of the router, which is in its log.',
  no_room: 'Too many connections or sessions. Connect again later.',
  slow: 'The peer did not take what was sent.',
  no_frame: 'No frame came in time.',
  silent: 'Nothing came for three heartbeats.',
  superseded: 'The session goes on over another connection.',
  absent: 'Nobody reads the events.',
};

export function closeReason(name: CloseName, said: string): string {
  const text = said === '' ? REASONS[name] : said;
  if (Buffer.byteLength(text) <= REASON_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, REASON_BYTES);
  // The last character may be cut: what is left of it is at most three bytes.
  return new TextDecoder().decode(bytes).replace(/\ufffd+$/, '');
}
