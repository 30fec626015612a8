import type { AtpError, Price, Qos } from '@atp-router/kernel';

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
  /** Absent for what is no attempt of a call. */
  readonly caller?: UpstreamCaller;
}

/** For whom an attempt is, for transports that know tenants: an agent belongs to one, and is told what it may use. */
export interface UpstreamCaller {
  readonly tenant: string;
  readonly qos: Qos;
  /** The tier that it is served in, where that is told: a deployment with bad estimates has a worse one than was asked for. */
  readonly tier?: Qos;
  readonly upstream_model: string;
  readonly stream: boolean;
  readonly task_type: string | undefined;
  readonly data_scopes: readonly string[];
  /** Nodes that the task has passed before this one, first to last. */
  readonly via: readonly string[];
  /** Until the answer is of no more use. */
  readonly deadline_ms: number | undefined;
  /** W3C `traceparent` of the client; absent when it traces nothing. */
  readonly traceparent?: string;
  /** What it is expected to need, as it was reserved. */
  readonly expected: { readonly tokens: number; readonly usd_micros: number };
  /** The most that it may use; absent where nothing bounds it. */
  readonly budget: { readonly tokens?: number; readonly usd_micros?: number };
  /** Whose limit that is: what the call itself may cost, or what the budgets of its tenant leave. */
  readonly budget_set_by?: Readonly<Record<'tokens' | 'usd_micros', 'call' | 'tenant'>>;
  /** What it is charged at; absent where nobody pays. */
  readonly price?: Price;
  /** The most that is charged for it, whatever is reported or comes; absent where nothing bounds it. */
  readonly billable?: UsageBound;
}

export interface UsageBound {
  /** Of prompt and answer, as reported. */
  readonly tokens: number;
  readonly usd_micros: number;
  /** Of the answer, where nothing is reported and the router counts. */
  readonly out_tokens: number;
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
  /** A transport that knows more than its kind says what became of the attempt. */
  readonly verdict?: TransportVerdict;
}

export interface TransportVerdict {
  /** How far the failure reaches, see `Verdict` of the providers. */
  readonly scope: 'request' | 'target' | 'transient';
  readonly counts_for_breaker: boolean;
  readonly error: AtpError;
  readonly retry_after_ms?: number;
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
