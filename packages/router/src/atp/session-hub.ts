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
import { type Carrier, SessionHost } from './session-host.ts';
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
  windowOf(owner: SessionOwner): Window;
  startTask(frame: Frame, stream: TaskStream, owner: SessionOwner): void;
  /** A fault of the router. */
  onFault(thrown: unknown): void;
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
      carrier.close();
      return undefined;
    }
    host.attach(carrier, frame, bytes);
    return {
      onFrame: (next, size) => host.onFrame(carrier, next, size),
      onBadFrame: (error) => host.abort(error),
      onClosed: () => host.onClosed(carrier),
    };
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

  #open(owner: SessionOwner, session_id: string): SessionHost {
    const { clock, timers, ports, node_id, windowOf, startTask } = this.#options;
    const options: SessionOptions = {
      ...{ role: 'server', ports, session_id, node_id },
      ...{ encodings: ['cbor', 'json'], window: windowOf(owner) },
    };
    const name = nameOf(owner, session_id);
    const host: SessionHost = new SessionHost(new Session(options), {
      ...{ clock, timers },
      startTask: (frame, stream) => startTask(frame, stream, owner),
      errorOf: (thrown) => this.#errorOf(thrown),
      onClosed: () => this.#forget(name, session_id, host),
    });
    this.#sessions.set(name, host);
    const named = this.#by_name.get(session_id) ?? new Set();
    this.#by_name.set(session_id, named.add(host));
    return host;
  }

  #forget(name: string, session_id: string, host: SessionHost): void {
    this.#sessions.delete(name);
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

/** In the same words for every token that is not good (S33), and for a name that is taken. */
const REFUSED: Payload = { type: 'error', content: SIGNATURE_REFUSAL };

function nameOf({ tenant }: SessionOwner, session_id: string): string {
  return `${tenant}\n${session_id}`;
}
