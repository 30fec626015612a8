import { type Dispatcher, errors, Pool } from 'undici';
import type {
  TransportFailureKind,
  UpstreamExchange,
  UpstreamHandler,
  UpstreamHeaders,
  UpstreamRequest,
  UpstreamTransport,
} from './upstream.ts';

export interface UndiciTransportOptions {
  /** Sockets to one origin. Calls above it wait inside the pool, so concurrency limits should be lower. */
  readonly max_connections: number;
  readonly connect_timeout_ms: number;
  readonly keep_alive_ms: number;
}

type Headers = Record<string, string | string[] | undefined>;

/** HTTP/1.1 to providers through undici's `dispatch`: no fetch, no web streams. One pool per origin. */
export function undiciTransport(options: UndiciTransportOptions): UpstreamTransport {
  const pools = new Map<string, Pool>();
  let closed = false;
  const open = (origin: string): Pool => {
    const pool = new Pool(origin, {
      connections: options.max_connections,
      pipelining: 1,
      keepAliveTimeout: options.keep_alive_ms,
      // One request to a socket: pausing and cancelling then reach the provider, and concern nobody else.
      allowH2: false,
      connect: { timeout: options.connect_timeout_ms, noDelay: true },
    });
    pools.set(origin, pool);
    if (closed) void pool.destroy();
    return pool;
  };
  return {
    send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
      const exchange = new Exchange(handler);
      (pools.get(request.origin) ?? open(request.origin)).dispatch(
        {
          path: request.path,
          method: request.method,
          headers: request.headers as string[],
          body: request.body ?? null,
          headersTimeout: request.head_timeout_ms,
          bodyTimeout: request.idle_timeout_ms,
          // POSTs to models are not idempotent: undici must never resend one by itself.
          idempotent: false,
        },
        exchange,
      );
      return exchange;
    },
    /** Ends what is under way with `cancelled`, and whatever is still sent. */
    async close(): Promise<void> {
      closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

class Exchange implements Dispatcher.DispatchHandler, UpstreamExchange {
  readonly #handler: UpstreamHandler;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #head = false;

  constructor(handler: UpstreamHandler) {
    this.#handler = handler;
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new Error('cancelled'));
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Cancelled while it waited for a socket.
    if (this.#over) controller.abort(new Error('cancelled'));
    else this.#handler.onSent?.();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (this.#over || status < 200) return;
    this.#head = true;
    this.#handler.onHead(status, new UndiciHeaders(headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#handler.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.onFail({ kind: this.#failureKind(error), cause: error });
  }

  #failureKind(error: Error): TransportFailureKind {
    if (error instanceof errors.HeadersTimeoutError) return 'head_timeout';
    if (error instanceof errors.BodyTimeoutError) return 'idle_timeout';
    if (error instanceof errors.HeadersOverflowError) return 'too_large';
    if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) return 'cancelled';
    // Whatever it was (address, handshake, certificate, a socket that closed while idle), nothing had been sent.
    if (this.#controller === undefined) return 'connect';
    return this.#head ? 'truncated' : 'reset';
  }
}

class UndiciHeaders implements UpstreamHeaders {
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  get(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }
}
