import type { Rng } from '@atp-router/kernel';
import type { Outgoing, Session, SessionEffect, SessionInput } from '@atp-router/session';
import { SESSION_STREAM } from '@atp-router/session';
import { encodeCbor, encodeJson, type Frame, type Lane, type Payload } from '@atp-router/wire';
import { Backoff } from './backoff.ts';
import { type Connection, isStatus, newSession, readFrame, reasonOf } from './link-session.ts';
import { type Runtime, rngOf, type SocketLike } from './runtime.ts';
import { unsendable } from './sendable.ts';
import type { ClientOptions, LinkEvent, Transport } from './types.ts';
import { openWebSocket } from './web-socket.ts';

/** As long as a handshake may take; a path that swallows packets would keep a socket opening for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Three quarters of a minute with the default pauses: longer than a restart takes. */
export const ATTEMPTS_MAX = 10;
/** Of the end of a session with its router; then it is aborted. */
const FAREWELL_MS = 2_000;

/** What a link tells of its session. Neither throws. */
export interface LinkPorts {
  onEffect(effect: SessionEffect): void;
  onLink(event: LinkEvent): void;
}

/** One session over as many connections as it takes: connects, resumes, keeps the timer. Ends with its session. */
export class Link {
  readonly #runtime: Runtime;
  readonly #options: ClientOptions;
  readonly #ports: LinkPorts;
  readonly #rng: Rng;
  readonly #backoff: Backoff;
  #begun: { readonly session: Session; readonly session_id: string };
  /** Of the session that has begun: the key, where its hello has it. */
  #token: string | undefined;
  /**
   * A WebSocket does not tell why it was refused. After one that never opened, the key comes in the hello: what is wrong with it the
   * router then says in a frame.
   */
  #is_in_hello: boolean;
  /** What carries the next connection; nothing: a WebSocket. */
  #transport: Transport | undefined;
  /** A first frame of it was given up there: coming late, it would take the session from the next connection (S6). */
  #is_stale = false;
  /** Status of HTTP by which a connection was refused last, since there was a session. */
  #status = 0;
  /** The only one that counts: what others still bring is not looked at. */
  #connection: Connection | undefined;
  /** Effects that are still to be done: what one of them causes comes after those that were there before. */
  #effects: SessionEffect[] = [];
  #is_working = false;
  #encoding: 'json' | 'cbor' = 'json';
  #timer: unknown;
  #retry: unknown;
  #has_given_up = false;
  #is_over = false;
  #onOver: (() => void) | undefined;

  constructor(runtime: Runtime, options: ClientOptions, ports: LinkPorts) {
    this.#runtime = runtime;
    this.#options = options;
    this.#ports = ports;
    this.#rng = rngOf(runtime);
    this.#backoff = new Backoff(this.#rng, options.reconnect);
    this.#transport = options.transport?.is_fallback === true ? undefined : options.transport;
    this.#is_in_hello = options.key_in === 'hello';
    this.#begun = newSession(runtime, this.#rng, options, undefined);
  }

  get session(): Session {
    return this.#begun.session;
  }

  get session_id(): string {
    return this.#begun.session_id;
  }

  get is_over(): boolean {
    return this.#is_over || this.session.phase === 'closed';
  }

  /** The session was ended because no attempt brought it about. */
  get has_given_up(): boolean {
    return this.#has_given_up;
  }

  connect(): void {
    if (this.is_over) return;
    const connection: Connection = {};
    this.#connection = connection;
    const { connect_timeout_ms = CONNECT_TIMEOUT_MS } = this.#options;
    const late = `No connection within ${connect_timeout_ms} ms.`;
    connection.timer = this.#runtime.setTimeout(() => this.#lost(connection, 0, late), connect_timeout_ms);
    this.#ports.onLink({ type: 'connecting', attempt: this.#backoff.failed + 1 });
    this.#keyNow()
      .then((key) => this.#open(connection, key))
      .catch((thrown: unknown) => this.#lost(connection, 0, thrown instanceof Error ? thrown.message : String(thrown)));
  }

  handle(input: SessionInput): void {
    const effects = this.session.handle(input, this.#runtime.performance.now());
    for (const effect of effects) this.#effects.push(effect);
    if (this.#is_working) return;
    this.#is_working = true;
    try {
      for (let i = 0; i < this.#effects.length; i += 1) this.#do(this.#effects[i] as SessionEffect);
    } finally {
      this.#effects = [];
      this.#is_working = false;
      this.#arm();
    }
  }

  /** Throws `FrameError`, and sends nothing, when the message cannot be carried. */
  send(lane: Lane, message: Outgoing, fin: boolean): void {
    this.handle({ type: 'send', lane, message, fin });
  }

  /**
   * Ends in order: what is not acknowledged yet is, so that neither end takes it for lost. Aborts what is not done after two seconds,
   * and at once where there is no connection.
   */
  async finish(reason: string): Promise<void> {
    if (this.is_over) return;
    const over = new Promise<void>((resolve) => (this.#onOver = resolve));
    this.handle({ type: 'finish' });
    const timer = this.#runtime.setTimeout(() => this.abort(reason), FAREWELL_MS);
    if (this.session.phase === 'open') await over;
    else this.abort(reason);
    this.#runtime.clearTimeout(timer);
  }

  /** Ends at once: the router is told, and nothing is waited for. */
  abort(reason: string): void {
    this.#fail({ type: 'error', content: { code: 'EPREEMPT', reason } });
  }

  #fail(error: Payload): void {
    this.handle({ type: 'reset', stream_id: SESSION_STREAM, error });
  }

  /** The hello has the key. */
  get #saysKey(): boolean {
    return this.#is_in_hello && this.#transport === undefined;
  }

  /** Nothing where the session has a token of its own, which it resumes with (S33). */
  async #keyNow(): Promise<string | undefined> {
    const { key } = this.#options;
    if (this.#saysKey && this.session.phase === 'lost') return undefined;
    const found = typeof key === 'string' ? key : await key();
    if (typeof found !== 'string' || found === '') throw new Error('The key is not a text, or empty.');
    return found;
  }

  #open(connection: Connection, key: string | undefined): void {
    if (connection !== this.#connection) return;
    const token = this.#saysKey ? key : undefined;
    // A session that was asked for in vain is asked for in the same words (S5): another key needs another session.
    if ((token !== this.#token || this.#is_stale) && this.session.phase === 'idle') {
      this.#token = token;
      this.#is_stale = false;
      this.#begun = newSession(this.#runtime, this.#rng, this.#options, token);
    }
    connection.is_asked = true;
    const transport = this.#transport;
    const { url, reconnect } = this.#options;
    const socket =
      transport === undefined
        ? openWebSocket(this.#runtime, url, token === undefined ? key : undefined)
        : transport.open(this.#runtime, url, key ?? '', new Backoff(this.#rng, reconnect));
    connection.socket = socket;
    socket.onopen = () => this.#opened(connection, transport === undefined);
    socket.onmessage = ({ data }) => this.#read(connection, socket, data);
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }) => this.#lost(connection, code, reason);
    if (transport !== undefined) this.#connected();
  }

  #opened(connection: Connection, is_new: boolean): void {
    if (connection !== this.#connection) return;
    connection.is_open = true;
    this.#runtime.clearTimeout(connection.timer);
    if (is_new) this.#connected();
  }

  #connected(): void {
    this.handle({ type: 'connected', wall_ms: this.#runtime.Date.now() });
  }

  #read(connection: Connection, socket: SocketLike, data: unknown): void {
    if (connection !== this.#connection) return;
    const read = readFrame(data);
    if (read !== undefined) this.handle({ type: 'frame', ...read, wall_ms: this.#runtime.Date.now() });
    else {
      // A router that sends what is no frame cannot be trusted with the rest.
      socket.close(4400, 'not a frame');
      this.#lost(connection, 4400, 'What the router sent is no frame.');
    }
  }

  /** Also when the socket does not know yet: a runtime may wait for minutes for the other end of a path that is dead. */
  #lost(connection: Connection | undefined, code: number, reason: string): void {
    if (connection === undefined || connection !== this.#connection) return;
    this.#drop();
    if (connection.is_asked === true && connection.is_open !== true) this.#takeOther();
    this.handle({ type: 'disconnected' });
    if (this.is_over) return;
    const retry_in_ms = this.#backoff.next_ms();
    const error = this.#options.transport?.refusal(code, reason, this.#status) ?? this.#hopeless(reason);
    if (isStatus(code)) this.#status = code;
    this.#ports.onLink({
      ...{ type: 'disconnected', code, reason: reason === '' ? undefined : reason },
      retry_in_ms: error === undefined ? retry_in_ms : undefined,
    });
    if (error !== undefined) this.#fail(error);
    else if (!this.is_over) this.#retry = this.#runtime.setTimeout(() => this.connect(), retry_in_ms);
  }

  /** After a connection that never opened. */
  #takeOther(): void {
    const { transport, key_in } = this.#options;
    this.#is_stale ||= this.#transport !== undefined;
    if (transport?.is_fallback === true) this.#transport = this.#transport === undefined ? transport : undefined;
    else if (key_in === undefined) this.#is_in_hello = !this.#is_in_hello;
  }

  #hopeless(why: string): Payload | undefined {
    const { attempts_max = ATTEMPTS_MAX } = this.#options.reconnect ?? {};
    if (this.session.phase !== 'idle' || this.#backoff.failed < attempts_max) return undefined;
    this.#has_given_up = true;
    const tried = `The router was not reached in ${this.#backoff.failed} attempts.`;
    return { type: 'error', content: { code: 'ETIMEOUT', reason: why === '' ? tried : `${tried} ${why}` } };
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.frame);
        return;
      case 'established':
        this.#backoff.reset();
        this.#status = 0;
        this.#encoding = effect.agreed.encoding;
        this.#ports.onLink({ type: 'connected', resumed: effect.resumed });
        break;
      case 'disconnect':
        if (this.session.phase === 'closed') this.#drop();
        else this.#lost(this.#connection, 0, 'The router did not answer any more.');
        break;
      case 'closed':
        this.#end(reasonOf(effect.error));
        break;
      default:
    }
    this.#ports.onEffect(effect);
  }

  /** The session sends again what a socket that is closing loses. What no encoder takes would come again for ever. */
  #send(frame: Frame): void {
    const socket = this.#connection?.socket;
    if (socket?.readyState !== 1) return;
    let data: string | Uint8Array;
    try {
      data = this.#encoding === 'cbor' ? encodeCbor(frame) : encodeJson(frame);
    } catch (thrown) {
      const { code, message } = unsendable('A frame', thrown);
      const error = { type: 'error', content: { code, reason: message } };
      this.handle({ type: 'reset', stream_id: frame.stream_id, error });
      return;
    }
    socket.send(data);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#runtime.clearTimeout(connection?.timer);
    connection?.socket?.close(1000);
  }

  #end(reason: string): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#runtime.clearTimeout(this.#timer);
    this.#runtime.clearTimeout(this.#retry);
    this.#drop();
    this.#ports.onLink({ type: 'closed', reason });
    this.#onOver?.();
  }

  #arm(): void {
    this.#runtime.clearTimeout(this.#timer);
    const due_ms = this.#is_over ? undefined : this.session.deadline_ms;
    if (due_ms === undefined) return;
    const delay_ms = Math.max(0, due_ms - this.#runtime.performance.now());
    this.#timer = this.#runtime.setTimeout(() => this.handle({ type: 'timeout' }), delay_ms);
  }
}
