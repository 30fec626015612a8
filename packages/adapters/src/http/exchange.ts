import type { Readable } from 'node:stream';
import type { AtpError } from '@atp-router/kernel';

/**
 * The address of the client, in a request that another process of this router passes on. It is believed only where nobody else
 * can come (`HttpServerOptions.believes_address`).
 */
export const CLIENT_ADDRESS = 'atp-client-address';

/**
 * One HTTP request and its reply as the router sees them. The inside (node:http today) can be replaced without touching
 * an endpoint.
 */
export interface HttpExchange {
  readonly method: string;
  /** Path without the query, as sent. */
  readonly path: string;
  /** Query string without `?`; empty when there is none. */
  readonly query: string;
  /** Whether the connection is TLS, and the peer's address as the socket, or the process that passes the request on, says it. */
  readonly secure: boolean;
  readonly remote_address: string;
  /** As the request line says it: `1.1`, or `1.0`. */
  readonly http_version: string;
  /** Value of a header, names in lower case. One that was sent several times is joined by `, ` (RFC 9110, 5.3). */
  header(name: string): string | undefined;
  /** Names of the headers that begin so, in lower case. */
  headersLike(prefix: string): readonly string[];
  /** Whole body, or the error that ends the request. Called once. */
  readBody(limits: BodyLimits, done: (error: AtpError | undefined, body: Buffer) => void): void;
  /** The body as it comes, without limits of its own, for whoever passes it on; undefined when there is none. In place of `readBody`. */
  bodyStream(): Readable | undefined;
  /** A whole reply. `headers` is flat: name, value, name, value, … */
  reply(status: number, headers: readonly string[], body: string | Uint8Array): void;
  /** Begins a streamed reply. */
  begin(status: number, headers: readonly string[]): void;
  /** False when the client is slow: wait for `onDrain`. */
  write(chunk: string | Uint8Array): boolean;
  end(chunk?: string | Uint8Array): void;
  /** Breaks the connection: the only honest end for a reply that cannot be completed. */
  abort(): void;
  onDrain(run: () => void): void;
  /** Called once if the client goes away before the reply has been handed to the kernel. */
  onGone(run: () => void): void;
  /** Bytes accepted by `write` that the client has not taken yet. */
  readonly buffered_bytes: number;
  readonly begun: boolean;
  readonly closed: boolean;
}

export interface BodyLimits {
  readonly body_bytes: number;
  /** Silence after which a half-sent body is given up. */
  readonly idle_ms: number;
  /** From the start of the reading to the last byte, however it comes. */
  readonly body_duration_ms: number;
}

/** Where a listener is. With `path` it is a Unix socket: the host is empty, and the port is 0. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

export interface HttpServerHandle {
  readonly address: HttpAddress;
  /** Stops accepting; open connections live on until they are idle. */
  stopAccepting(): void;
  /** Connections that are open now. */
  connections(): Promise<number>;
  /** Ends every connection. */
  close(): Promise<void>;
}
