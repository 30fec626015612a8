import { randomBytes } from 'node:crypto';
import {
  AtpError,
  DEFAULT_LIMITS,
  FRAME_CONNECTION_LIMITS,
  type FrameConnectionLimits,
  isAtpError,
  toAtpError,
} from '@atp-router/kernel';
import { type FrameError, WIRE_LIMITS, type WireLimits } from '@atp-router/wire';
import type { BodyLimits, HttpExchange } from '../http/index.ts';
import { ANY_FRAMES, type BodyType, bodyType, ONE_FRAME, readFrames } from './body-frames.ts';
import type { CloseName } from './closes.ts';
import type { EncodedFrame, FrameAcceptor } from './connection.ts';
import { credentialOf, type FramePrincipal, sameText } from './credential.ts';
import { EVENT_HEADERS } from './event-reader.ts';
import { type Opening, StreamConnection, type StreamShell } from './stream-connection.ts';

export interface FrameStreamsOptions {
  readonly acceptor: FrameAcceptor;
  /** Path of the first request; those of a connection are below it. */
  readonly path: string;
  /** Answers a request with an error, in the shape that all errors of the listener have. */
  readonly refuse: (exchange: HttpExchange, error: AtpError) => void;
  readonly limits?: Partial<FrameConnectionLimits>;
  readonly wire?: WireLimits;
  /** Of a process that is one of several. */
  readonly others?: OtherStreams;
  /** How long bodies may take. */
  readonly body?: () => Pick<BodyLimits, 'idle_ms' | 'body_duration_ms'>;
}

/** Connections of other processes of the router, which requests may come here for. */
export interface OtherStreams {
  /** Ids of connections of this process begin so. */
  readonly prefix: string;
  /** Answers a request of whoever has a good key, if its connection is another process's. False: it is not. */
  pass(exchange: HttpExchange, id: string): boolean;
}

/** 192 bits: nobody guesses the id of a connection, of which the tenant is checked all the same. */
const ID_BYTES = 24;
const LAST_EVENT_ID = /^\d{1,15}$/;

/**
 * Frames over plain HTTP, for clients that cannot open a WebSocket: one request opens a connection, others bring frames,
 * and one that lasts reads those of this end as server-sent events. Each request is answered here, also when it is refused.
 */
export class FrameStreams {
  readonly #options: FrameStreamsOptions;
  readonly #shell: StreamShell;
  readonly #connections: Map<string, StreamConnection> = new Map();
  /** Of tenants that have any. */
  readonly #by_tenant: Map<string, number> = new Map();
  readonly #refused: Record<'tenant' | 'all', number> = { tenant: 0, all: 0 };
  #is_stopped = false;

  constructor(options: FrameStreamsOptions) {
    const limits = { ...FRAME_CONNECTION_LIMITS, ...options.limits };
    this.#options = options;
    this.#shell = { acceptor: options.acceptor, limits, wire: options.wire ?? WIRE_LIMITS };
  }

  /** Connections that are there, closed ones with events to be read among them. */
  get size(): number {
    return this.#connections.size;
  }

  /** How many there was no room for: among those of their tenant, or of all. */
  get refused(): Readonly<Record<'tenant' | 'all', number>> {
    return { ...this.#refused };
  }

  /** No new connections; those that are open are their users' to close. */
  stop(): void {
    this.#is_stopped = true;
  }

  /** `POST …`: the first frame. Its answer is the first frame of this end. */
  open(exchange: HttpExchange): void {
    this.#answering(exchange, () => {
      const principal = this.#identify(exchange);
      this.#assertRoom(principal);
      const type = bodyType(exchange.header('content-type'), ONE_FRAME);
      this.#read(exchange, this.#shell.wire.frame_bytes, (body) => {
        this.#assertRoom(principal);
        const { frames, fault } = readFrames(body, type, this.#shell.wire, 1);
        if (fault !== undefined) throw unreadable(fault, 0);
        this.#begin(exchange, principal).handOn(frames);
      });
    });
  }

  /** `POST …/{id}/frames`: one frame or many. Answered when all were handed on. */
  push(exchange: HttpExchange, id: string): void {
    this.#answering(exchange, () => {
      const connection = this.#find(exchange, id);
      if (connection === undefined) return;
      if (connection.closed) throw unknownConnection();
      const type = bodyType(exchange.header('content-type'), ANY_FRAMES);
      if (connection.posts >= this.#shell.limits.posts_at_once) throw tooManyPosts(this.#shell.limits.posts_at_once);
      connection.posts += 1;
      const done = (): void => {
        connection.posts -= 1;
      };
      this.#read(exchange, this.#shell.limits.post_bytes, (body) => this.#take(exchange, connection, type, body), done);
    });
  }

  /** `GET …/{id}/events`: the frames of this end, each as an event. */
  events(exchange: HttpExchange, id: string): void {
    this.#answering(exchange, () => {
      const connection = this.#find(exchange, id);
      if (connection === undefined) return;
      const text = exchange.header('last-event-id') ?? '0';
      const reach = LAST_EVENT_ID.test(text) ? connection.reach(Number(text)) : 'unknown';
      if (reach === 'unknown') throw bad('There was no event of this id.', 'last-event-id');
      if (reach === 'gone') {
        const message = 'The events behind this one are gone. Open a new connection and resume the session.';
        throw new AtpError('events_gone', message, { param: 'last-event-id' });
      }
      if (exchange.method === 'HEAD') exchange.reply(200, EVENT_HEADERS, '');
      else connection.read(exchange, Number(text));
    });
  }

  #take(exchange: HttpExchange, connection: StreamConnection, type: BodyType, body: Buffer): void {
    const { frames, fault } = readFrames(body, type, this.#shell.wire, this.#shell.limits.post_frames);
    // Closed while the body came.
    if (connection.closed) throw unknownConnection();
    connection.handOn(frames);
    if (fault !== undefined) throw unreadable(fault, frames.length);
    const headers = ['content-type', 'application/json', 'cache-control', 'no-store'];
    exchange.reply(202, headers, JSON.stringify({ accepted: frames.length }));
  }

  #begin(exchange: HttpExchange, principal: FramePrincipal): StreamConnection {
    const id = `${this.#options.others?.prefix ?? ''}${randomBytes(ID_BYTES).toString('base64url')}`;
    const opening: Opening = {
      answer: (frame, end) => answer(exchange, frame, end, `${this.#options.path}/${id}`),
      refuse: (end) => this.#options.refuse(exchange, refusal(end)),
    };
    const forget = (): void => {
      if (this.#connections.delete(id)) this.#count(principal.tenant, -1);
    };
    const connection = new StreamConnection(exchange, principal, opening, this.#shell, forget);
    this.#connections.set(id, connection);
    this.#count(principal.tenant, 1);
    exchange.onGone(() => connection.abandon());
    return connection;
  }

  #identify(exchange: HttpExchange): FramePrincipal {
    const credential = credentialOf((name) => exchange.header(name));
    if (credential !== undefined) return this.#options.acceptor.identify(credential);
    const message = 'Every request has to have a key, as "Authorization: Bearer <key>" or "x-api-key: <key>".';
    throw new AtpError('unauthorized', message);
  }

  /** The connection of this id, if it is the tenant's: to others it is not there. Undefined: another process answers. */
  #find(exchange: HttpExchange, id: string): StreamConnection | undefined {
    const { tenant } = this.#identify(exchange);
    const connection = this.#connections.get(id);
    if (connection === undefined && this.#options.others?.pass(exchange, id) === true) return undefined;
    if (connection === undefined || !sameText(connection.principal.tenant, tenant)) throw unknownConnection();
    return connection;
  }

  #assertRoom({ tenant }: FramePrincipal): void {
    if (this.#is_stopped) throw refusal('going_away');
    const { streams, tenant_streams } = this.#shell.limits;
    const is_tenants = (this.#by_tenant.get(tenant) ?? 0) >= tenant_streams;
    if (!is_tenants && this.#connections.size < streams) return;
    this.#refused[is_tenants ? 'tenant' : 'all'] += 1;
    throw is_tenants ? tooMany(tenant_streams) : refusal('no_room');
  }

  #count(tenant: string, by: 1 | -1): void {
    const count = (this.#by_tenant.get(tenant) ?? 0) + by;
    if (count > 0) this.#by_tenant.set(tenant, count);
    else this.#by_tenant.delete(tenant);
  }

  #read(exchange: HttpExchange, body_bytes: number, use: (body: Buffer) => void, done?: () => void): void {
    const { idle_ms, body_duration_ms } = this.#options.body?.() ?? DEFAULT_LIMITS;
    exchange.readBody({ body_bytes, idle_ms, body_duration_ms }, (error, body) => {
      done?.();
      this.#answering(exchange, () => {
        if (error !== undefined) throw error;
        use(body);
      });
    });
  }

  #answering(exchange: HttpExchange, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (!isAtpError(thrown)) this.#options.acceptor.onFault(thrown);
      this.#options.refuse(exchange, toAtpError(thrown));
    }
  }
}

/** Statuses of an answer that is the last word: the frame says the rest. */
const LAST_WORD: Readonly<Partial<Record<CloseName, number>>> = {
  refused: 403,
  going_away: 503,
  no_room: 503,
  failed: 500,
};

function answer(exchange: HttpExchange, frame: EncodedFrame, end: CloseName | undefined, location: string): void {
  const type = typeof frame === 'string' ? 'application/json' : 'application/cbor';
  const headers = ['content-type', type, 'cache-control', 'no-store'];
  if (end === undefined) exchange.reply(201, [...headers, 'location', location], frame);
  else exchange.reply(LAST_WORD[end] ?? 400, headers, frame);
}

function refusal(end: CloseName): AtpError {
  switch (end) {
    case 'refused':
      return new AtpError('policy_denied', 'The connection is not accepted.');
    case 'going_away':
      return new AtpError('draining', 'The router is shutting down. Connect to another one.');
    case 'no_room':
      return new AtpError('backpressure', 'There is no room for another connection. Try again later.', {
        retry_after_ms: 1_000,
      });
    case 'failed':
      return toAtpError(undefined);
    default:
      return new AtpError('conflict', 'The connection was closed before it was open.');
  }
}

function tooMany(most: number): AtpError {
  const message = `The tenant has ${most} connections over plain HTTP, as many as it may have. Close one, or use a WebSocket.`;
  return new AtpError('backpressure', message, { retry_after_ms: 1_000 });
}

/** As for a connection that there never was: who asks may not be told more. */
function unknownConnection(): AtpError {
  return new AtpError('not_found', 'There is no such connection. Open a new one, and resume the session on it.');
}

function tooManyPosts(most: number): AtpError {
  const message = `The connection has ${most} requests with frames under way. Wait for one to be answered.`;
  return new AtpError('rate_limited', message, { retry_after_ms: 1_000 });
}

function unreadable(fault: FrameError, index: number): AtpError {
  const rest = 'What came before it was taken; nothing of it and of what follows was.';
  return bad(`Frame ${index} cannot be read: ${fault.message}. ${rest}`, `frames[${index}]`);
}

function bad(message: string, param: string): AtpError {
  return new AtpError('invalid_request', message, { param });
}
