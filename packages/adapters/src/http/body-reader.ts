import type { IncomingMessage } from 'node:http';
import { AtpError } from '@atp-router/kernel';
import type { BodyLimits } from './exchange.ts';

const EMPTY: Buffer = Buffer.alloc(0);
/**
 * Pieces that are kept apart; so many are joined. A client may send its body in chunks of one byte, and a `Buffer`
 * costs a hundred times as much.
 */
const PIECES_MAX = 256;

/** Reads a request's body within its limits. `done` is called once. */
export function readBody(
  req: IncomingMessage,
  limits: BodyLimits,
  done: (error: AtpError | undefined, body: Buffer) => void,
): void {
  if (isTooLarge(req, limits)) done(tooLarge(limits.body_bytes), EMPTY);
  else new BodyReader(req, limits, done).start();
}

/** The declared length alone is above the limit. */
export function isTooLarge(req: IncomingMessage, limits: BodyLimits): boolean {
  return Number(req.headers['content-length'] ?? 0) > limits.body_bytes;
}

function tooLarge(limit_bytes: number): AtpError {
  return new AtpError('prompt_too_large', `The request body is larger than the limit of ${limit_bytes} bytes.`, {
    param: 'body',
  });
}

class BodyReader {
  readonly #req: IncomingMessage;
  readonly #limits: BodyLimits;
  readonly #done: (error: AtpError | undefined, body: Buffer) => void;
  #joined: Buffer[] = [];
  #pieces: Buffer[] = [];
  #bytes = 0;
  #settled = false;
  #watched = false;
  #deadline: NodeJS.Timeout | undefined;

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
    // Most bodies are whole with their head, in the same piece of the connection: those need no timers.
    process.nextTick(() => {
      if (!this.#settled && !req.complete) this.#watch();
    });
  }

  #watch(): void {
    const req = this.#req;
    this.#watched = true;
    req.setTimeout(this.#limits.idle_ms, () => {
      this.#settle(new AtpError('request_timeout', `No byte of the body came for ${this.#limits.idle_ms} ms.`));
    });
    const { body_duration_ms } = this.#limits;
    this.#deadline = setTimeout(() => {
      this.#settle(new AtpError('request_timeout', `The body was not complete within ${body_duration_ms} ms.`));
    }, body_duration_ms);
  }

  /** What comes after the end is read and thrown away until the connection closes. */
  #onData(chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.body_bytes) {
      this.#settle(tooLarge(this.#limits.body_bytes));
      return;
    }
    this.#pieces.push(chunk);
    if (this.#pieces.length < PIECES_MAX) return;
    this.#joined.push(Buffer.concat(this.#pieces));
    this.#pieces = [];
  }

  #settle(error: AtpError | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#watched) {
      this.#req.setTimeout(0);
      clearTimeout(this.#deadline);
    }
    const body = error === undefined ? this.#take() : EMPTY;
    this.#joined = [];
    this.#pieces = [];
    this.#done(error, body);
  }

  #take(): Buffer {
    const only = this.#pieces[0];
    if (only !== undefined && this.#pieces.length === 1 && this.#joined.length === 0) return only;
    return Buffer.concat([...this.#joined, ...this.#pieces]);
  }
}
