import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { AtpError } from '@atp-router/kernel';
import { isTooLarge, readBody } from './body-reader.ts';
import { type BodyLimits, CLIENT_ADDRESS, type HttpExchange } from './exchange.ts';

/**
 * How long a client that still sends may go on after it was answered. Closing at once would reset the connection, and
 * the reset can overtake the answer (RFC 9112, 9.6).
 */
export const LINGER_MS = 2_000;

const SLASH = 47;
const NOTHING: readonly string[] = [];

/** What all exchanges of a listener share. */
export interface ExchangeSettings {
  /** A client that takes none of what waits for it is given up after this. */
  readonly clientStall_ms: () => number;
  readonly believes_address?: boolean;
}

/** `HttpExchange` over node:http. */
export class NodeExchange implements HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #settings: ExchangeSettings;
  /** The client waits for leave to send its body (`Expect: 100-continue`). */
  readonly #awaits_continue: boolean;
  #answered_early = false;
  #gone: (() => void) | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, settings: ExchangeSettings, awaits_continue: boolean) {
    this.#req = req;
    this.#res = res;
    this.#settings = settings;
    this.#awaits_continue = awaits_continue;
    this.method = req.method ?? 'GET';
    const url = originForm(req.url ?? '/');
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
  }

  get secure(): boolean {
    return (this.#req.socket as TLSSocket).encrypted === true;
  }

  get remote_address(): string {
    const told = this.#settings.believes_address === true ? this.header(CLIENT_ADDRESS) : undefined;
    return told ?? this.#req.socket.remoteAddress ?? '';
  }

  get http_version(): string {
    return this.#req.httpVersion;
  }

  get begun(): boolean {
    return this.#res.headersSent;
  }

  get closed(): boolean {
    return this.#res.destroyed || this.#res.writableEnded || this.#answered_early;
  }

  get buffered_bytes(): number {
    return this.#res.writableLength;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  headersLike(prefix: string): readonly string[] {
    const { headers } = this.#req;
    let found: string[] | undefined;
    for (const name in headers) {
      if (!name.startsWith(prefix)) continue;
      found ??= [];
      found.push(name);
    }
    return found ?? NOTHING;
  }

  readBody(limits: BodyLimits, done: (error: AtpError | undefined, body: Buffer) => void): void {
    if (this.#awaits_continue && !isTooLarge(this.#req, limits)) this.#res.writeContinue();
    readBody(this.#req, limits, done);
  }

  bodyStream(): Readable | undefined {
    if (!hasBody(this.#req)) return undefined;
    if (this.#awaits_continue) this.#res.writeContinue();
    return this.#req;
  }

  reply(status: number, headers: readonly string[], body: string | Uint8Array): void {
    if (this.closed) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const all = [...headers, 'content-length', String(length)];
    if (!this.#req.complete && hasBody(this.#req)) {
      this.#replyEarly(status, all, body);
      return;
    }
    this.#res.writeHead(status, all);
    this.end(body);
  }

  begin(status: number, headers: readonly string[]): void {
    this.#res.writeHead(status, [...headers]);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.#res.write(chunk);
  }

  end(chunk?: string | Uint8Array): void {
    const res = this.#res;
    if (chunk === undefined) res.end();
    else res.end(chunk);
    // Once the rest has left, node:http sets the timer of idle connections in its place.
    if (res.writableLength > 0) res.setTimeout(this.#settings.clientStall_ms());
  }

  abort(): void {
    this.#res.destroy();
  }

  onDrain(run: () => void): void {
    const res = this.#res;
    // Without a listener for it, node:http ends a connection whose timer ran out.
    res.setTimeout(this.#settings.clientStall_ms());
    res.once('drain', () => {
      res.setTimeout(0);
      run();
    });
  }

  onGone(run: () => void): void {
    const first = this.#gone === undefined;
    this.#gone = run;
    if (!first) return;
    const { socket } = this.#req;
    if (socket.destroyed) {
      process.nextTick(() => this.#tellGone());
      return;
    }
    this.#res.once('close', () => this.#tellGone());
    // A pipelined request whose turn has not come: its reply does not hear of the connection.
    if (this.#res.socket === null) this.#hearOf(socket);
  }

  #hearOf(socket: IncomingMessage['socket']): void {
    const onClose = (): void => this.#tellGone();
    socket.setMaxListeners(0);
    socket.once('close', onClose);
    this.#res.once('close', () => socket.off('close', onClose));
  }

  #tellGone(): void {
    const run = this.#gone;
    this.#gone = undefined;
    if (!this.#res.writableFinished) run?.();
  }

  /** A reply before the body was read: whole at once, and the connection ends when the client has stopped sending. */
  #replyEarly(status: number, headers: string[], body: string | Uint8Array): void {
    const res = this.#res;
    const req = this.#req;
    this.#answered_early = true;
    this.#gone = undefined;
    res.shouldKeepAlive = false;
    res.writeHead(status, headers);
    res.write(body);
    const finish = (): void => {
      clearTimeout(timer);
      res.end();
    };
    const timer = setTimeout(finish, LINGER_MS);
    req.once('close', finish);
    req.resume();
  }
}

function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return length === undefined ? req.headers['transfer-encoding'] !== undefined : length !== '0';
}

/** A server has to accept `GET http://host/path` as well (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.charCodeAt(0) === SLASH || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
