import type { AtpError } from '@atp-router/kernel';
import type { SessionSnapshot, StoredChange } from '@atp-router/session';

/** Whose session it is, and which one: the name may come again once a session is over, `born` never does. */
export interface KeptSession {
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
  /** Drawn by the router that opened the session; unique among all sessions of all time. Sixty characters at most. */
  readonly born: string;
}

/** What a predecessor kept of a session. */
export interface FoundSession {
  readonly session: KeptSession;
  readonly snapshot: SessionSnapshot;
  /** Wall clock, milliseconds: since when it has had no connection. Never after the time of the load. */
  readonly since_ms: number;
}

/** Told once, after the changes are durable, or with the reason why they are not. Never before `save` has returned. */
export type Saved = (failure?: AtpError) => void;

/** A session as it is found by its name: of its snapshot nothing is there but what says whose it is and which token is good. */
export interface SessionElsewhere extends FoundSession {
  /** Whose it was then, and how often it had changed hands. */
  readonly claim: { readonly owner: string; readonly epoch: number };
}

/**
 * What a store has that several routers use at once. Each session belongs to one of them: whoever takes it raises its
 * epoch, and what is written with a lower one is refused.
 */
export interface SharedSessions {
  /** Sessions of that name, of one tenant or of all, that are not driven here. Rejects when that cannot be known now. */
  find(session_id: string, tenant: string | undefined): Promise<readonly SessionElsewhere[]>;
  /** Makes it this router's, with everything that is kept of it. Undefined: it has changed hands since, or is over. */
  take(one: SessionElsewhere): Promise<FoundSession | undefined>;
  /**
   * Notes that the work of a stream begins, for whoever has the session later. False: that was noted before, by this router
   * or another. Rejects when it cannot be noted: then nothing may begin. The note goes with the first message of the stream.
   */
  begin(session: KeptSession, stream_id: string): Promise<boolean>;
  /** Told of a session that another router has taken: it is not to be driven here any more, and nothing of it is kept. */
  onLost(listener: (session: KeptSession) => void): void;
}

/**
 * What of the sessions of a router outlives its process (S18, S31, S35). One process at a time has a store, but for one
 * that is `shared`: there, one has each session.
 *
 * After a failure nothing of that session is saved any more until it is dropped: what the store has of it stays what it
 * was at some earlier `Saved`. So a successor never finds a later change without an earlier one.
 */
export interface SessionStore {
  /** Saves of one session become durable in their order. Those that wait share one commit. */
  save(session: KeptSession, changes: readonly StoredChange[], done: Saved): void;
  /** The session has no connection since then (wall clock, milliseconds); undefined: it has one. Kept soon, not told. */
  disconnected(session: KeptSession, since_ms: number | undefined): void;
  /** Forgets a session. Kept soon, not told. */
  drop(session: KeptSession): void;
  /**
   * What a predecessor left and a client may still resume, oldest first; once, before the first `save`. Sessions that are
   * expired, that never were established, or that cannot be read are dropped; the latter are a problem that is told.
   */
  load(): Promise<readonly FoundSession[]>;
  usage(): SessionStoreUsage;
  /** Present where other routers use the same store. */
  readonly shared?: SharedSessions;
  /** Waits for what was handed in. Afterwards every `save` fails. */
  close(): Promise<void>;
}

/** The limit that a save failed at: the number of sessions, or the bytes of one, of its tenant's, or of all. */
export type SessionStoreLimit = 'sessions' | 'session' | 'tenant' | 'all';

/** For whoever watches it. */
export interface SessionStoreUsage {
  /** As the limits count them. */
  readonly bytes: number;
  /** Sessions that could not be kept any more. */
  readonly refused: Readonly<Record<SessionStoreLimit, number>>;
  /** Sessions that came from another router, and that went to one. Absent where they cannot. */
  readonly moved?: { readonly in: number; readonly out: number };
}

/** Each limit: what happens there, and why it is that. */
export interface SessionStoreLimits {
  /** Sessions that are kept. A further one fails to be saved. As many as the router takes connections. */
  readonly sessions: number;
  /**
   * Bytes of one session, before sealing. Beyond, its save fails. A session may hold 64 MiB that are sent, 32 MiB that wait
   * and 32 MiB of incomplete messages by its own limits: only what is delivered and not consumed comes on top.
   */
  readonly session_bytes: number;
  /** Bytes of all. Beyond, saves fail. What a start reads at once, and a small disk has. */
  readonly bytes: number;
  /** Bytes of all sessions of one tenant. Beyond, its saves fail, and those of others do not. Half of all: one is left room by one. */
  readonly tenant_bytes: number;
  /**
   * Bytes that were handed in and are not durable, with something for each save. Of several changes of one thing that wait,
   * the last counts. Beyond, saves fail. Some seconds of a slow disk.
   */
  readonly waiting_bytes: number;
}

const MIB = 1_048_576;

export const SESSION_STORE_LIMITS: SessionStoreLimits = {
  sessions: 32_768,
  session_bytes: 192 * MIB,
  bytes: 1_024 * MIB,
  tenant_bytes: 512 * MIB,
  waiting_bytes: 256 * MIB,
};
