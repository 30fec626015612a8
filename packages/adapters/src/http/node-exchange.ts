import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { AtpError } from '@atp-router/kernel';
import type { BodyLimits, HttpExchange } from './exchange.ts';

const EMPTY: Buffer = Buffer.alloc(0);

/** `HttpExchange` over node:http. */
export class NodeExchange implements HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  #gone: (() => void) | undefined;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req;
    this.#res = res;
    this.method = req.method ?? 'GET';
    const url = req.url ?? '/';
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
  }

  get secure(): boolean {
    return (this.#req.socket as TLSSocket).encrypted === true;
  }

  get remote_address(): string {
    return this.#req.socket.remoteAddress ?? '';
  }

  get begun(): boolean {
    return this.#res.headersSent;
  }

  get closed(): boolean {
    return this.#res.destroyed || this.#res.writableEnded;
  }

  get buffered_bytes(): number {
    return this.#res.writableLength;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  readBody(limits: BodyLimits, done: (error: AtpError | undefined, body: Buffer) => void): void {
    const declared = Number(this.#req.headers['content-length'] ?? 0);
    if (declared > limits.body_bytes) {
      done(tooLarge(limits.body_bytes), EMPTY);
      return;
    }
    new BodyReader(this.#req, limits, done).start();
  }

  reply(status: number, headers: readonly string[], body: string | Uint8Array): void {
    if (this.closed) return;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    this.#res.writeHead(status, [...headers, 'content-length', String(length)]);
    this.#res.end(body);
    this.#discardRest();
  }

  begin(status: number, headers: readonly string[]): void {
    this.#res.writeHead(status, [...headers]);
  }

  write(chunk: string | Uint8Array): boolean {
    return this.#res.write(chunk);
  }

  end(chunk?: string | Uint8Array): void {
    if (chunk === undefined) this.#res.end();
    else this.#res.end(chunk);
  }

  abort(): void {
    this.#res.destroy();
  }

  onDrain(run: () => void): void {
    this.#res.once('drain', run);
  }

  onGone(run: () => void): void {
    if (this.#gone === undefined) {
      this.#res.once('close', () => {
        if (!this.#res.writableFinished) this.#gone?.();
      });
    }
    this.#gone = run;
  }

  /** A reply sent before the body was read: the connection cannot be reused unless the rest is swallowed. */
  #discardRest(): void {
    if (!this.#req.complete) {
      this.#res.shouldKeepAlive = false;
      this.#req.resume();
    }
  }
}

function tooLarge(limit_bytes: number): AtpError {
  return new AtpError('prompt_too_large', `The request body is larger than the limit of ${limit_bytes} bytes.`, {
    param: 'body',
  });
}

/** Collects a body within its limits. Settles once. */
class BodyReader {
  readonly #req: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #done: (error: AtpError | undefined, body: Buffer) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #settled = false;

  constructor(req: IncomingMessage, limits: BodyLimits, done: (error: AtpError | undefined, body: Buffer) => void) {
    this.#req = req;
    this.#limits = limits;
    this.#done = done;
  }

  start(): void {
    const req = this.#req;
    req.on('data', (chunk: Buffer) => this.#onData(chunk));
    req.on('end', () => this.#settle(undefined));
    const onGone = (): void => {
      // Also emitted after a complete body, where an error object would only cost its stack trace.
      if (!this.#settled) this.#settle(new AtpError('request_cancelled', 'The client went away while sending.'));
    };
    req.on('error', onGone);
    req.on('close', onGone);
    req.setTimeout(this.#limits.idle_ms, () => {
      this.#settle(new AtpError('request_timeout', `No byte of the body came for ${this.#limits.idle_ms} ms.`));
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.body_bytes) this.#settle(tooLarge(this.#limits.body_bytes));
    else this.#chunks.push(chunk);
  }

  #settle(error: AtpError | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#req.setTimeout(0);
    const first = this.#chunks[0];
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#done(error, error === undefined ? body : EMPTY);
  }
}
