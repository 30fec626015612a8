import type { KeptSession, SessionStore } from '@atp-router/adapters';
import { type Clock, isAtpError, type Timers } from '@atp-router/kernel';
import { judgeFirstFrame, refusalFrame, Session, type SessionOptions, type SessionPorts } from '@atp-router/session';
import {
  errorPayload,
  errorPayloadOf,
  type Frame,
  type Payload,
  SIGNATURE_REFUSAL,
  type Window,
} from '@atp-router/wire';
import { type Carrier, SessionHost, type SessionKeeper } from './session-host.ts';
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
  /** Whose credential this is, where the transport did not say. Throws `unauthorized`. */
  authenticate(token: string | undefined): SessionOwner;
  /** Whether the owner may still be here: its tenant is configured, its key is active. */
  knows(owner: SessionOwner): boolean;
  windowOf(owner: SessionOwner): Window;
  /** `call_id` names the call that the task becomes: the same one after a restart, and never another's. */
  startTask(frame: Frame, stream: TaskStream, owner: SessionOwner, call_id: string): void;
  /** A name that no other session has or will have. */
  born(): string;
  /** Sessions outlive the process; without it they end with it. */
  readonly kept?: KeptSessions;
  /** Who works on the streams that the router opens to this owner. */
  readonly peerOf?: (owner: SessionOwner & { readonly session_id: string }) => PeerOf;
  /** A fault of the router. */
  onFault(thrown: unknown): void;
}

export interface KeptSessions {
  readonly store: SessionStore;
  /** Whether the journal knows the call: then something of it may have been done. */
  hadBegun(call_id: string): Promise<boolean>;
}

/** What a connection does once its first frame has been taken. */
export interface Attached {
  onFrame(frame: Frame, bytes: number): void;
  /** What came is no frame: whatever it was to be, it is lost, and with it the session (W64). */
  onBadFrame(error: Payload): void;
  onClosed(): void;
}

type Wanted = Exclude<ReturnType<typeof judgeFirstFrame>, { type: 'refused' }>;

/** All sessions of this process, by tenant and name. */
export class SessionHub {
  readonly #options: SessionHubOptions;
  readonly #sessions: Map<string, SessionHost> = new Map();
  readonly #owners: Map<SessionHost, SessionOwner> = new Map();
  /** Sessions of all tenants by name: a client that resumes may have nothing but its token. */
  readonly #by_name: Map<string, Set<SessionHost>> = new Map();
  #is_draining = false;
  #idle: (() => void)[] = [];

  constructor(options: SessionHubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get connected(): number {
    let count = 0;
    for (const host of this.#sessions.values()) if (host.is_connected) count += 1;
    return count;
  }

  /**
   * A connection whose first frame has come; `owner` where the transport has authenticated it. Undefined when it was
   * refused: the answer has been sent, and the connection closed.
   */
  accept(carrier: Carrier, owner: SessionOwner | undefined, frame: Frame, bytes: number): Attached | undefined {
    const host = this.#hostOf(owner, frame);
    if (!(host instanceof SessionHost)) {
      carrier.send(host, 'json');
      carrier.close('refused');
      return undefined;
    }
    host.attach(carrier, frame, bytes);
    return {
      onFrame: (next, size) => host.onFrame(carrier, next, size),
      onBadFrame: (error) => host.abort(error),
      onClosed: () => host.onClosed(carrier),
    };
  }

  /** Takes up what a predecessor kept; once, before the first connection. Resolves with how many sessions there are. */
  async restore(): Promise<number> {
    const { kept, clock, onFault } = this.#options;
    for (const found of (await kept?.store.load()) ?? []) {
      const { session, snapshot, since_ms } = found;
      if (!this.#options.knows(session)) {
        kept?.store.drop(session);
        continue;
      }
      // As if it had stood here without a connection since it lost it (S31).
      const lost_mono_ms = clock.mono_ms() - (clock.now_ms() - since_ms);
      try {
        const restored = Session.restore(this.#sessionOptions(session), snapshot, lost_mono_ms);
        this.#sessions.get(nameOf(session, session.session_id))?.abort(REFUSED);
        const host = this.#host(session, restored);
        host.resume();
        // What the predecessor had asked an agent, it has told its client as interrupted.
        for (const { stream_id } of snapshot.session.streams) host.disown(stream_id, RESTARTED);
      } catch (thrown) {
        kept?.store.drop(session);
        onFault(thrown);
      }
    }
    return this.#sessions.size;
  }

  /** The configuration has changed: ends the sessions of whom it no longer knows, and tells the others their windows. */
  refresh(): void {
    const { knows, windowOf } = this.#options;
    for (const [host, owner] of [...this.#owners]) {
      if (knows(owner)) host.setWindow(windowOf(owner));
      else host.abort(GONE);
    }
  }

  /** Leaves all sessions to a successor, and closes their connections. Calls should have ended. */
  suspend(): void {
    this.#is_draining = true;
    for (const host of this.#sessions.values()) host.suspend();
  }

  /** Takes no new sessions, lets streams end, and resolves when all sessions have. */
  drain(): Promise<void> {
    this.#is_draining = true;
    for (const host of [...this.#sessions.values()]) host.finish();
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends what is left. */
  abortAll(error: Payload): void {
    for (const host of [...this.#sessions.values()]) host.abort(error);
  }

  /** The session that a first frame is for, or the answer that refuses it. */
  #hostOf(owner: SessionOwner | undefined, frame: Frame): SessionHost | Frame {
    const first = judgeFirstFrame(frame);
    if (first.type === 'refused') return first.answer;
    const host = this.#wanted(owner, frame, first);
    return host instanceof SessionHost ? host : refusalFrame(first.session_id, host);
  }

  #wanted(owner: SessionOwner | undefined, frame: Frame, first: Wanted): SessionHost | Payload {
    const { session_id } = first;
    const resumes = first.type === 'resume';
    if (owner === undefined && resumes) return this.#named(frame) ?? REFUSED;
    let known = owner;
    try {
      known ??= this.#options.authenticate(first.type === 'open' ? first.token : undefined);
    } catch (thrown) {
      return this.#errorOf(thrown);
    }
    const there = this.#sessions.get(nameOf(known, session_id));
    if (there !== undefined) return there.admits(frame) ? there : REFUSED;
    if (resumes) return REFUSED;
    if (this.#is_draining) return errorPayload('EDRAINING');
    if (this.#sessions.size >= this.#options.sessions_max) {
      return errorPayload('EWINDOW', {
        reason: 'The router has as many sessions as it may have.',
        retry_after_ms: 1_000,
      });
    }
    return this.#open(known, session_id);
  }

  #named(frame: Frame): SessionHost | undefined {
    for (const host of this.#by_name.get(frame.session_id) ?? []) if (host.admits(frame)) return host;
    return undefined;
  }

  #open({ tenant, key_id }: SessionOwner, session_id: string): SessionHost {
    const session = { tenant, key_id, session_id, born: this.#options.born() };
    return this.#host(session, new Session(this.#sessionOptions(session)));
  }

  #sessionOptions(session: KeptSession): SessionOptions {
    const { ports, node_id, windowOf, kept } = this.#options;
    return {
      ...{ role: 'server', ports, session_id: session.session_id, node_id },
      ...{ encodings: ['cbor', 'json'], window: windowOf(session), durable: kept !== undefined },
    };
  }

  #host(session: KeptSession, machine: Session): SessionHost {
    const { clock, timers, startTask, kept, peerOf } = this.#options;
    const { session_id, tenant, key_id, born } = session;
    const name = nameOf(session, session_id);
    const host: SessionHost = new SessionHost(machine, {
      ...{ clock, timers },
      startTask: (frame, stream, id) => startTask(frame, stream, { tenant, key_id }, callOf(born, id)),
      hadBegun: (id) => kept?.hadBegun(callOf(born, id)) ?? Promise.resolve(false),
      ...(kept && { keeper: keeperOf(session, kept.store, clock) }),
      ...(peerOf && { peer: peerOf(session) }),
      errorOf: (thrown) => this.#errorOf(thrown),
      onClosed: () => {
        kept?.store.drop(session);
        this.#forget(name, session_id, host);
      },
    });
    this.#sessions.set(name, host);
    this.#owners.set(host, { tenant, key_id });
    const named = this.#by_name.get(session_id) ?? new Set();
    this.#by_name.set(session_id, named.add(host));
    return host;
  }

  #forget(name: string, session_id: string, host: SessionHost): void {
    this.#sessions.delete(name);
    this.#owners.delete(host);
    const named = this.#by_name.get(session_id);
    named?.delete(host);
    if (named?.size === 0) this.#by_name.delete(session_id);
    if (this.#sessions.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #errorOf(thrown: unknown): Payload {
    if (!isAtpError(thrown)) this.#options.onFault(thrown);
    return errorPayloadOf(thrown);
  }
}

function keeperOf(session: KeptSession, store: SessionStore, clock: Clock): SessionKeeper {
  return {
    save: (changes, done) => store.save(session, changes, done),
    connected: (is_connected) => store.disconnected(session, is_connected ? undefined : clock.now_ms()),
  };
}

/** One call for each stream that a client opens: see docs/adr/0015. */
function callOf(born: string, stream_id: string): string {
  return `${born}s${stream_id}`;
}

const RESTARTED: Payload = errorPayload('EPREEMPT', { reason: 'The router was restarted and no longer waits for it.' });

const GONE: Payload = errorPayload('ESEC', {
  reason: 'The key of this session is no longer accepted. Ask the operator for another one.',
});

/** In the same words for every token that is not good (S33), and for a name that is taken. */
const REFUSED: Payload = { type: 'error', content: SIGNATURE_REFUSAL };

function nameOf({ tenant }: SessionOwner, session_id: string): string {
  return `${tenant}\n${session_id}`;
}
