import type { CloseName, EncodedFrame, MessageSpan } from '@atp-router/adapters';
import type { AtpError, Clock, Timers } from '@atp-router/kernel';
import type { SessionDenied } from '@atp-router/ledger';
import type { Agreed, StoredChange } from '@atp-router/session';
import type { Frame, Payload } from '@atp-router/wire';
import type { SessionObserver } from './observer.ts';
import type { PeerOf } from './session-peer.ts';
import type { TaskStream } from './task-stream.ts';

/** What carries frames to the other end: a WebSocket, or the posts and events of the HTTP fallback. */
export interface Carrier {
  /** Encodes and sends, in order; gives the peer up when too much waits for it. */
  send(frame: Frame, encoding: Agreed['encoding']): void;
  close(end: CloseName): void;
  /** As the socket says it. */
  readonly remote_address: string;
  /** For whoever carries frames on to another process; absent where that cannot be. */
  readonly raw?: RawCarrier | undefined;
}

export interface RawCarrier {
  /** Sends what another process has encoded. False: wait for `Attached.onRoom`. */
  pass(frame: EncodedFrame): boolean;
  /** Reads no more of the peer as long as it is held, where the way can do that. */
  hold(is_held: boolean): void;
}

/** Why somebody was not let in; for the log alone. */
export type Denial = Pick<SessionDenied, 'reason' | 'skew_ms'>;

export interface SessionHostPorts {
  readonly session_id: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A stream that the client opened begins with this frame. Throws when it is no task; the error ends the stream. */
  startTask(frame: Frame, stream: TaskStream, stream_id: string): void;
  /**
   * Whether the work of a stream had begun before a restart. Rejects when that cannot be known: it is then not done again.
   */
  hadBegun(stream_id: string): Promise<boolean>;
  /** That is to be asked before any work begins, not only after a restart. */
  readonly asks_always: boolean;
  /** This process begins nothing any more: what comes is kept, and a successor begins it. Never true without a keeper. */
  isLeaving(): boolean;
  /** Where the session is kept; absent for one that ends with the process. */
  readonly keeper?: SessionKeeper;
  /** Who works beside the client's tasks, on streams that the router opens. */
  readonly peer?: PeerOf;
  /** The payload for what was thrown; reports it when it is a fault of the router. */
  errorOf(thrown: unknown): Payload;
  readonly observer: SessionObserver;
  /** Told of the ways of messages whose client traces its task; absent where nothing is traced. */
  readonly traced?: (span: MessageSpan) => void;
  /** The handshake is done; not called when the session resumes. */
  onOpened(): void;
  /** A frame had no good signature. */
  onDenied(denial: Denial, remote_address: string): void;
  /** The other end's frames say that this end's crowd its way (ECN). */
  onCrowded(): void;
  /** It may be that no answer is owed any more: see `SessionHost.is_answering`. */
  onAnswered(): void;
  /** Nothing follows: the session may be forgotten. */
  onClosed(error: Payload | undefined): void;
}

/** Keeps one session for a successor of this process. */
export interface SessionKeeper {
  /** `done` is told once, later, when the changes are durable or why they are not. */
  save(changes: readonly StoredChange[], done: (failure?: AtpError) => void): void;
  connected(is_connected: boolean): void;
}
