/** What a provider's endpoint is asked for. The transport knows nothing of API shapes. */
export interface UpstreamRequest {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Flat: name, value, name, value, … */
  readonly headers: readonly string[];
  readonly body?: string | Uint8Array;
  /** Time until the response head. */
  readonly head_timeout_ms: number;
  /** Silence between two pieces of the body. */
  readonly idle_timeout_ms: number;
}

export type TransportFailureKind =
  | 'connect'
  | 'reset'
  | 'head_timeout'
  | 'idle_timeout'
  | 'truncated'
  | 'too_large'
  | 'cancelled';

export interface TransportFailure {
  readonly kind: TransportFailureKind;
  /** For logs; never shown to a client. */
  readonly cause: unknown;
}

/** Callbacks of one exchange: `onSent`, then `onHead`, then `onData`*, then exactly one of `onEnd` and `onFail`. */
export interface UpstreamHandler {
  /** The request has its connection and leaves now: from here on the provider may be at work on it. */
  onSent?(): void;
  onHead(status: number, headers: UpstreamHeaders): void;
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  onFail(failure: TransportFailure): void;
}

export interface UpstreamHeaders {
  get(name: string): string | undefined;
}

export interface UpstreamExchange {
  /** Ends the exchange at once; no callback follows. */
  cancel(): void;
  pause(): void;
  resume(): void;
}

export interface UpstreamTransport {
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange;
  close(): Promise<void>;
}
