import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import {
  type TransportFailure,
  undiciTransport,
  type UndiciTransportOptions,
  type UpstreamExchange,
  type UpstreamRequest,
  type UpstreamTransport,
} from '../../../src/http/index.ts';

/** One connection that the transport opened, and what it asked over it. */
export interface Connection {
  readonly socket: Socket;
  /** Whole requests so far: head and body. */
  readonly requests: string[];
  readonly closed: Promise<void>;
}

/** A server that says on the wire exactly what a test wants. */
export class Upstream {
  readonly connections: Connection[] = [];
  readonly #server: Server;
  readonly #onRequest: (connection: Connection, request: string) => void;

  constructor(onRequest: (connection: Connection, request: string) => void, tls?: TlsOptions) {
    this.#onRequest = onRequest;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the upstream does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Requests over all connections. */
  get requests(): string[] {
    return this.connections.flatMap((connection) => connection.requests);
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      for (const { socket } of this.connections) socket.destroy();
      await this.stop();
    });
    return this;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const connection: Connection = { socket, requests: [], closed };
    this.connections.push(connection);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (part: string) => {
      text += part;
      for (let end = lengthOf(text); end > 0; end = lengthOf(text)) {
        const request = text.slice(0, end);
        text = text.slice(end);
        connection.requests.push(request);
        this.#onRequest(connection, request);
      }
    });
  }
}

/** Bytes of the first whole request of a text, 0 when there is none yet. */
function lengthOf(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2))?.[1];
  const end = head + 4 + Number(length ?? 0);
  return text.length >= end ? end : 0;
}

export function startUpstream(
  onRequest: (connection: Connection, request: string) => void,
  tls?: TlsOptions,
): Promise<Upstream> {
  return new Upstream(onRequest, tls).start();
}

export function transport(more: Partial<UndiciTransportOptions> = {}): UpstreamTransport {
  const made = undiciTransport({ max_connections: 8, connect_timeout_ms: 5_000, keep_alive_ms: 60_000, ...more });
  onTestFinished(() => made.close());
  return made;
}

/** Everything that happened to one exchange, in order. */
export class Seen {
  readonly steps: string[] = [];
  status = 0;
  body = '';
  body_bytes = 0;
  is_sent = false;
  failure: TransportFailure | undefined;
  exchange: UpstreamExchange | undefined;
  /** Called for each piece. */
  onData: (chunk: Uint8Array) => void = () => undefined;
  headers: { get(name: string): string | undefined } | undefined;
  readonly #waiting: Set<() => void> = new Set();

  /** Waits until `enough` holds. */
  async until(enough: () => boolean): Promise<void> {
    while (!enough()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Waits for the end, good or bad. */
  async over(): Promise<this> {
    await this.until(() => this.steps.at(-1) === 'end' || this.failure !== undefined);
    return this;
  }

  step(name: string): void {
    this.steps.push(name);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

export function send(by: UpstreamTransport, origin: string, more: Partial<UpstreamRequest> = {}): Seen {
  const seen = new Seen();
  const request: UpstreamRequest = {
    origin,
    path: '/v1/x?a=b',
    method: 'POST',
    headers: ['content-type', 'application/json', 'x-key', 'k'],
    body: '{"a":1}',
    head_timeout_ms: 60_000,
    idle_timeout_ms: 60_000,
    ...more,
  };
  seen.exchange = by.send(request, {
    onSent: () => {
      seen.is_sent = true;
    },
    onHead: (status, headers) => {
      seen.status = status;
      seen.headers = headers;
      seen.step('head');
    },
    onData: (chunk) => {
      seen.body_bytes += chunk.length;
      // A copy: the transport may use the memory again.
      if (seen.body_bytes < 1_000_000) seen.body += Buffer.from(chunk).toString('latin1');
      seen.onData(chunk);
      if (seen.steps.at(-1) !== 'data') seen.step('data');
      else seen.step(seen.steps.pop() ?? '');
    },
    onEnd: () => seen.step('end'),
    onFail: (failure) => {
      seen.failure = failure;
      seen.step(`fail ${failure.kind}`);
    },
  });
  return seen;
}
