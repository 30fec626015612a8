import type { Rng } from '@atp-router/kernel';
import type { Outgoing, Session, SessionEffect, SessionInput } from '@atp-router/session';
import { decodeFrame, decodeJson, encodeCbor, encodeJson, type Frame, type Lane, type Payload } from '@atp-router/wire';
import { Backoff } from './backoff.ts';
import { isKeyRefusal, openWebSocket, refusalFor } from './carriers.ts';
import { HttpSocket } from './http-socket.ts';
import { newSession, reasonOf } from './link-session.ts';
import { type Runtime, rngOf, type SocketLike } from './runtime.ts';
import { unsendable } from './sendable.ts';
import type { ClientOptions, LinkEvent } from './types.ts';

/** As long as a handshake may take; a path that swallows packets would keep a socket opening for minutes. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Three quarters of a minute with the default pauses: longer than a restart takes. */
export const ATTEMPTS_MAX = 10;
/** What a link tells of its session. Neither throws. */
export interface LinkPorts {
  onEffect(effect: SessionEffect): void;
  onLink(event: LinkEvent): void;
}

/** An attempt to connect, and the connection that came of it. */
interface Connection {
  socket?: SocketLike;
  timer?: unknown;
  /** A socket was asked for; it has opened. */
  is_asked?: boolean;
  is_open?: boolean;
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
  #is_http: boolean;
  /** A first frame of it was given up over plain HTTP: coming late, it would take the session from the next connection (S6). */
  #is_stale = false;
  /** Connections in a row that were refused for their key. */
  #refusals = 0;
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

  constructor(runtime: Runtime, options: ClientOptions, ports: LinkPorts) {
    this.#runtime = runtime;
    this.#options = options;
    this.#ports = ports;
    this.#rng = rngOf(runtime);
    this.#backoff = new Backoff(this.#rng, options.reconnect);
    this.#is_http = options.transport === 'http';
    this.#is_in_hello = options.key_in === 'hello';
    this.#begun = newSession(runtime, this.#rng, options.signing_keys, undefined);
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

  /** Ends at once: the router is told, and nothing is waited for. */
  abort(reason: string): void {
    this.#fail({ type: 'error', content: { code: 'EPREEMPT', reason } });
  }

  #fail(error: Payload): void {
    this.handle({ type: 'reset', stream_id: '0', error });
  }

  /** The hello has the key. */
  get #saysKey(): boolean {
    return this.#is_in_hello && !this.#is_http;
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
      this.#begun = newSession(this.#runtime, this.#rng, this.#options.signing_keys, token);
    }
    connection.is_asked = true;
    const socket = this.#socket(key);
    connection.socket = socket;
    socket.onopen = () => this.#opened(connection, socket);
    socket.onmessage = ({ data }) => this.#read(connection, socket, data);
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }) => this.#lost(connection, code, reason);
    if (socket instanceof HttpSocket) this.#connected();
  }

  #socket(key: string | undefined): SocketLike {
    const { url, reconnect } = this.#options;
    // Its key is in every request: there is one.
    if (this.#is_http) return new HttpSocket(this.#runtime, url, key ?? '', new Backoff(this.#rng, reconnect));
    return openWebSocket(this.#runtime, url, this.#saysKey ? undefined : key);
  }

  #opened(connection: Connection, socket: SocketLike): void {
    if (connection !== this.#connection) return;
    connection.is_open = true;
    this.#runtime.clearTimeout(connection.timer);
    // Plain HTTP opens with the first frame, and so is open when that was answered.
    if (!(socket instanceof HttpSocket)) this.#connected();
  }

  #connected(): void {
    this.handle({ type: 'connected', wall_ms: this.#runtime.Date.now() });
  }

  #read(connection: Connection, socket: SocketLike, data: unknown): void {
    if (connection !== this.#connection) return;
    let frame: Frame;
    try {
      frame = typeof data === 'string' ? decodeJson(data) : decodeFrame(new Uint8Array(data as ArrayBuffer));
    } catch {
      // A router that sends what is no frame cannot be trusted with the rest.
      socket.close(4400, 'not a frame');
      this.#lost(connection, 4400, 'What the router sent is no frame.');
      return;
    }
    const bytes = typeof data === 'string' ? data.length : (data as ArrayBuffer).byteLength;
    this.handle({ type: 'frame', frame, bytes, wall_ms: this.#runtime.Date.now() });
  }

  /** Also when the socket does not know yet: a runtime may wait for minutes for the other end of a path that is dead. */
  #lost(connection: Connection | undefined, code: number, reason: string): void {
    if (connection === undefined || connection !== this.#connection) return;
    this.#drop();
    if (connection.is_asked === true && connection.is_open !== true) this.#takeOther();
    this.handle({ type: 'disconnected' });
    if (this.is_over) return;
    const retry_in_ms = this.#backoff.next_ms();
    if (isKeyRefusal(code)) this.#refusals += 1;
    const error = refusalFor(code, reason, this.#refusals) ?? this.#hopeless(reason);
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
    this.#is_stale ||= this.#is_http;
    if (transport === 'auto') this.#is_http = !this.#is_http;
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
        this.#refusals = 0;
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
  }

  #arm(): void {
    this.#runtime.clearTimeout(this.#timer);
    const due_ms = this.#is_over ? undefined : this.session.deadline_ms;
    if (due_ms === undefined) return;
    const delay_ms = Math.max(0, due_ms - this.#runtime.performance.now());
    this.#timer = this.#runtime.setTimeout(() => this.handle({ type: 'timeout' }), delay_ms);
  }
}
