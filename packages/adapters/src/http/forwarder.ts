import { PassThrough, type Readable } from 'node:stream';
import { AtpError } from '@atp-router/kernel';
import { type Dispatcher, Pool } from 'undici';
import { CLIENT_ADDRESS, type HttpExchange } from './exchange.ts';

export interface ForwarderOptions {
  /** Unix socket that the other process listens at. */
  readonly path: string;
  /** Until the head of an answer. */
  readonly head_timeout_ms: number;
  /** Silence within an answer. Bodies that come have the limits of the other process. */
  readonly idle_timeout_ms: number;
  /** Requests at a time, streams included. Each has a connection. */
  readonly requests_max: number;
}

/** Passes HTTP requests on to another process of this machine. */
export interface Forwarder {
  /** Answers the exchange as the other process does. `fail` is told instead where it does not, before anything was replied. */
  pass(exchange: HttpExchange, fail: (error: AtpError) => void): void;
  /** Ends what is passed on: streams end as if they were complete. */
  close(): Promise<void>;
}

/**
 * Of one connection, and not passed on (RFC 9110, 7.6.1); `expect` is met here. Those that `connection` names are theirs, too.
 */
const HOP_BY_HOP: readonly string[] = [
  ...['connection', 'proxy-connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'expect', 'http2-settings'],
];

/** An answer that comes before the body was sent is an error, and a short one. */
const EARLY_BYTES_MAX = 1_048_576;

export function openForwarder({ path, head_timeout_ms, idle_timeout_ms, requests_max }: ForwarderOptions): Forwarder {
  const pool = new Pool('http://owner', {
    socketPath: path,
    connections: requests_max,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: 5_000 },
  });
  const running = new Set<Passage>();
  return {
    pass(exchange, fail) {
      if (running.size >= requests_max) {
        const message = `${requests_max} requests wait for the process that answers them already. Retry shortly.`;
        fail(new AtpError('backpressure', message, { retry_after_ms: 1_000 }));
        return;
      }
      const body = exchange.bodyStream();
      const passage = new Passage(exchange, body, fail, () => running.delete(passage));
      running.add(passage);
      pool.dispatch(
        {
          path: exchange.query === '' ? exchange.path : `${exchange.path}?${exchange.query}`,
          method: exchange.method as Dispatcher.HttpMethod,
          headers: requestHeaders(exchange, body !== undefined),
          // Whatever ends the sending must not end the client's connection, which an answer may be on its way over.
          body: body?.pipe(new PassThrough()) ?? null,
          headersTimeout: head_timeout_ms,
          bodyTimeout: idle_timeout_ms,
          idempotent: false,
        },
        passage,
      );
    },
    async close() {
      for (const passage of [...running]) passage.finish();
      await pool.destroy();
    },
  };
}

/** One request on its way there, and its answer on the way back. */
class Passage implements Dispatcher.DispatchHandler {
  readonly #exchange: HttpExchange;
  readonly #body: Readable | undefined;
  readonly #fail: (error: AtpError) => void;
  readonly #done: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #early: { readonly status: number; readonly headers: readonly string[]; readonly pieces: Buffer[] } | undefined;
  #early_bytes = 0;
  #over = false;

  constructor(exchange: HttpExchange, body: Readable | undefined, fail: (error: AtpError) => void, done: () => void) {
    this.#exchange = exchange;
    this.#body = body;
    this.#fail = fail;
    this.#done = done;
    exchange.onGone(() => this.#cancel());
    body?.on('error', () => this.#cancel());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The client went away while this waited for a connection.
    if (this.#over) controller.abort(new Error('cancelled'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return;
    const flat = responseHeaders(headers);
    if (this.#body?.readableEnded === false) this.#early = { status, headers: flat, pieces: [] };
    else this.#exchange.begin(status, flat);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#early !== undefined) {
      this.#early.pieces.push(Buffer.from(chunk));
      this.#early_bytes += chunk.length;
      if (this.#early_bytes > EARLY_BYTES_MAX) controller.abort(new Error('too large'));
    } else if (!this.#exchange.write(chunk)) {
      controller.pause();
      this.#exchange.onDrain(() => controller.resume());
    }
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#end();
    if (this.#early === undefined) this.#exchange.end();
    else {
      const { status, headers, pieces } = this.#early;
      this.#exchange.reply(status, withoutLength(headers), Buffer.concat(pieces));
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#over) return;
    this.#end();
    // Half an answer cannot be made a whole one.
    if (this.#exchange.begun) this.#exchange.abort();
    else this.#fail(unreachable(cause));
  }

  /** This process ends. */
  finish(): void {
    if (this.#over) return;
    this.#cancel();
    if (this.#exchange.begun) this.#exchange.end();
    else this.#fail(unreachable(undefined));
  }

  #cancel(): void {
    if (this.#over) return;
    this.#end();
    this.#controller?.abort(new Error('cancelled'));
  }

  #end(): void {
    this.#over = true;
    this.#done();
  }
}

function requestHeaders(exchange: HttpExchange, has_body: boolean): string[] {
  const dropped = droppedBy(exchange.header('connection'));
  dropped.add(CLIENT_ADDRESS);
  const headers: string[] = [CLIENT_ADDRESS, exchange.remote_address];
  for (const name of exchange.headersLike('')) {
    const value = exchange.header(name);
    if (value === undefined || dropped.has(name) || (name === 'content-length' && !has_body)) continue;
    headers.push(name, value);
  }
  return headers;
}

function responseHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const { connection } = headers;
  const dropped = droppedBy(Array.isArray(connection) ? connection.join() : connection);
  const flat: string[] = [];
  for (const [name, values] of Object.entries(headers)) {
    if (values === undefined || dropped.has(name.toLowerCase())) continue;
    for (const value of Array.isArray(values) ? values : [values]) flat.push(name, value);
  }
  return flat;
}

function droppedBy(connection: string | undefined): Set<string> {
  const named = (connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set([...HOP_BY_HOP, ...named]);
}

function withoutLength(flat: readonly string[]): string[] {
  return flat.filter((_, i) => flat[i - (i % 2)] !== 'content-length');
}

function unreachable(cause: unknown): AtpError {
  const message = 'The process of this router that answers this does not answer now. Retry shortly.';
  return new AtpError('backpressure', message, { retry_after_ms: 1_000, cause });
}
