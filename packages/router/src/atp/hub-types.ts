import type { KeptSession, MessageSpan, SessionStore } from '@atp-router/adapters';
import type { Clock, Timers } from '@atp-router/kernel';
import type { SessionClosed, SessionDenied, SessionOpened } from '@atp-router/ledger';
import type { SessionPorts, SessionView, Signing } from '@atp-router/session';
import type { Frame, FrameError } from '@atp-router/wire';
import type { SessionFlow } from './flow/session-flow.ts';
import type { Carrier } from './host-types.ts';
import type { SessionObserver } from './observer.ts';
import type { PeerOf } from './session-peer.ts';
import type { TaskStream } from './task-stream.ts';

/** Who is at the other end of a connection. */
export interface SessionOwner {
  readonly tenant: string;
  readonly key_id: string;
}

export interface SessionHubOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ports: SessionPorts;
  readonly node_id: string;
  /** Sessions with and without a connection; further ones are refused with EWINDOW. */
  readonly sessions_max: number;
  /** The same of one tenant: it must not take the places of all. */
  readonly tenant_sessions_max: number;
  /** Frames get a checksum where the client asks for it, too (S55). */
  readonly checksums: boolean;
  /** Whose credential this is, where the transport did not say. Throws `unauthorized`. */
  authenticate(token: string | undefined): SessionOwner;
  /** Whether the owner may still be here: its tenant is configured, its key is active. */
  knows(owner: SessionOwner): boolean;
  /** What sessions may have outstanding, and what they are told of queues and budgets. */
  readonly flow: SessionFlow;
  /** How frames of the owner are signed; undefined when they cannot be. */
  signingOf(owner: SessionOwner): Signing | undefined;
  mustSign(owner: SessionOwner): boolean;
  /** `call_id` names the call that the task becomes: the same one after a restart, and never another's. */
  startTask(
    frame: Frame,
    stream: TaskStream,
    owner: SessionOwner & { readonly session_id: string },
    call_id: string,
  ): void;
  /** A name that no other session has or will have. */
  born(): string;
  /** Sessions outlive the process; without it they end with it. */
  readonly kept?: KeptSessions;
  /** Other processes of this router, which may have sessions; absent where there are none. */
  readonly elsewhere?: SessionsElsewhere | undefined;
  /** Who works on the streams that the router opens to this owner. */
  readonly peerOf?: (owner: SessionOwner & { readonly session_id: string }) => PeerOf;
  readonly observer: SessionObserver;
  readonly traced?: (span: MessageSpan) => void;
  onEvent(event: SessionOpened | SessionClosed | SessionDenied): void;
  /** A fault of the router. */
  onFault(thrown: unknown): void;
}

export interface KeptSessions {
  readonly store: SessionStore;
  /** Whether the work of a stream may have begun before: then it is not done again. */
  hadBegun(session: KeptSession, stream_id: string): Promise<boolean>;
  /** Who asks has noted that it begins now: that is asked for every task, so that no other router begins it, too. */
  readonly asks_always: boolean;
}

/** What a connection does once its first frame has been taken. */
export interface Attached {
  onFrame(frame: Frame, bytes: number): void;
  /** What came is no frame: whatever it was to be, it is lost, and with it the session (W64). */
  onBadFrame(error: FrameError): void;
  onClosed(): void;
  /** After a `RawCarrier.pass` that was false: there is room again. */
  onRoom?(): void;
}

/** A session as an operator sees it. */
export interface HostedSession extends SessionOwner {
  readonly session_id: string;
  readonly connected: boolean;
  readonly remote_address: string | undefined;
  readonly view: SessionView;
}

/** The first frame of a connection; `owner` where the transport has authenticated it. */
export interface First {
  readonly carrier: Carrier;
  readonly owner: SessionOwner | undefined;
  readonly frame: Frame;
  readonly bytes: number;
}

/** Sessions that other processes of this router have. */
export interface SessionsElsewhere {
  /**
   * Carries the connection to the session that its first frame resumes; undefined: nobody has one. Rejects when that cannot be
   * known now (`draining`), or there is no room (`backpressure`): the client comes again.
   */
  find(first: First): Promise<Attached | undefined>;
  /** This process stops: closes what it carries. */
  leave(): void;
}
