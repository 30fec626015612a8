import type { Session, SessionEffect, SessionInput } from '@atp-router/session';
import type { Lane } from '@atp-router/wire';

/**
 * What stands behind a session beside the tasks of its client: told of everything, first. Of the end it is told also where
 * a fault of the router is the end.
 */
export interface SessionPeer {
  /** True: it has dealt with the effect, and nobody else shall. */
  onEffect(effect: SessionEffect): boolean;
  onConnection(is_connected: boolean): void;
  /** What came on a stream could not be read; the session is about to end for it. */
  onUnreadable(stream_id: string): void;
}

/** What a peer may do with its session. */
export interface SessionDriver {
  /** Id of the stream that the next message on it opens. */
  nextStream(): string;
  /** Streams that may be opened now. `beyond`: also more than an agent suggests (S25). */
  room(beyond: boolean): number;
  refusal(lane: Lane, beyond: boolean): ReturnType<Session['refusal']>;
  handle(input: SessionInput): void;
}

/** Makes the peer of a session. */
export type PeerOf = (driver: SessionDriver) => SessionPeer;

/** Streams that a server opens have even numbers (S1); `0` is the session's own. */
export function isOwnStream(stream_id: string): boolean {
  return Number(stream_id) % 2 === 0;
}
