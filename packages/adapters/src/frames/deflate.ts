import { constants, deflateRaw, inflateRaw } from 'node:zlib';

/** Every deflated message ends so, and the end is not sent (RFC 7692, 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const EMPTY = Buffer.alloc(0);
const DEFAULT_WINDOW_BITS = 15;
/** The smallest window that zlib can deflate for: to a client that asks for less nothing is compressed, which it may be. */
const LEAST_WINDOW_BITS = 9;

/** What both ends agreed on, as `ws` names it. */
export interface DeflateParams {
  readonly server_no_context_takeover?: boolean;
  readonly client_no_context_takeover?: boolean;
  readonly server_max_window_bits?: number;
  readonly client_max_window_bits?: number;
}

type Done = (error: Error | null, bytes: Buffer) => void;

/** Runs so many jobs at a time, in order. What waits is bounded by the connections: each has one job in each direction. */
export class DeflateQueue {
  readonly #waiting: (() => void)[] = [];
  readonly #limit: number;
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  run(job: (done: () => void) => void): void {
    if (this.#running >= this.#limit) {
      this.#waiting.push(() => this.run(job));
      return;
    }
    this.#running += 1;
    job(() => {
      this.#running -= 1;
      this.#waiting.shift()?.();
    });
  }
}

/**
 * The extension permessage-deflate (RFC 7692) for `ws`, in place of its own: that keeps the state of zlib (40 to 300 kB)
 * for as long as the connection lasts, also when no message may refer to an earlier one. Here every message is deflated
 * and inflated by itself, and an idle connection holds nothing.
 */
export class StatelessDeflate {
  // `ws` reads the next three.
  readonly params: DeflateParams;
  readonly _isServer: true = true;
  readonly _threshold: number;
  /** Told of data that is no deflated message, before the connection fails for it. */
  onCorrupt: () => void = () => undefined;
  readonly #queue: DeflateQueue;
  readonly #max_bytes: number;
  #pieces: Buffer[] = [];

  constructor(params: DeflateParams, threshold_bytes: number, max_bytes: number, queue: DeflateQueue) {
    this.params = params;
    const { server_max_window_bits = DEFAULT_WINDOW_BITS } = params;
    this._threshold = server_max_window_bits < LEAST_WINDOW_BITS ? Number.POSITIVE_INFINITY : threshold_bytes;
    this.#max_bytes = max_bytes;
    this.#queue = queue;
  }

  /** One message, in one piece: whoever sends here makes no others. */
  compress(data: string | Uint8Array, _fin: boolean, done: Done): void {
    const options = {
      finishFlush: constants.Z_SYNC_FLUSH,
      level: constants.Z_BEST_SPEED,
      windowBits: this.params.server_max_window_bits ?? DEFAULT_WINDOW_BITS,
    };
    this.#queue.run((leave) => {
      deflateRaw(data, options, (error, bytes) => {
        leave();
        done(error, error === null ? bytes.subarray(0, bytes.length - TAIL.length) : EMPTY);
      });
    });
  }

  /** The pieces of a message as they come; only the last one gives bytes. `ws` bounds what they are together. */
  decompress(data: Buffer, fin: boolean, done: Done): void {
    this.#pieces.push(data);
    if (!fin) {
      queueMicrotask(() => done(null, EMPTY));
      return;
    }
    const bytes = Buffer.concat([...this.#pieces, TAIL]);
    this.#pieces = [];
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: this.#max_bytes };
    this.#queue.run((leave) => {
      inflateRaw(bytes, options, (error, inflated) => {
        leave();
        if (error === null) done(null, inflated);
        // More than the limit: for such a length `ws` fails the connection with 1009. Nobody looks at the bytes.
        else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
          done(null, Buffer.allocUnsafeSlow(this.#max_bytes + 1));
        } else this.#fail(error, done);
      });
    });
  }

  cleanup(): void {
    this.#pieces = [];
  }

  #fail(error: Error, done: Done): void {
    this.onCorrupt();
    done(error, EMPTY);
  }
}
