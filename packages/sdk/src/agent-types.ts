import type { Qos } from '@atp-router/kernel';
import type { AdapterEstimateContent, AgentStatus, WireObject, WireValue } from '@atp-router/wire';
import type { AskRequest, ClientOptions, SignalLike } from './types.ts';

/** What an agent is asked to do, in the shape of `ask`: `messages`, `model`, `max_output_tokens`, `tools` … */
export type AgentTask = AskRequest;

/** What an agent gives of itself while it works: text, or a chunk of `ask` (`{ kind: 'thinking', delta }` …). */
export type AgentPiece = string | (WireObject & { readonly kind: string });

/** How the work ended. Everything is optional; `text` replaces the pieces that were text, where both are there. */
export interface AgentResult {
  readonly text?: string;
  readonly finish?: 'stop' | 'length' | 'tool_calls' | 'content_filter';
  readonly usage?: { readonly in_tokens: number; readonly out_tokens: number; readonly [more: string]: number };
  readonly [field: string]: WireValue | undefined;
}

export interface AgentContext {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: SignalLike;
  /** The most that the task may use; absent where nothing bounds it. */
  readonly budget: { readonly tokens?: number; readonly usd_micros?: number };
  readonly qos: Qos;
  readonly task_type: string | undefined;
  readonly data_scope: readonly string[];
  /** Milliseconds that were left when the task was sent. */
  readonly deadline_ms: number | undefined;
  /** W3C `traceparent` of the client, for spans of the agent's own and for calls that it makes; absent: not traced. */
  readonly traceparent: string | undefined;
  /** Routers that the task has passed. */
  readonly via: readonly string[];
  /** Somebody only checks that the agent keeps to the rules. */
  readonly check: boolean;
  /** A note for the router: it shows that the agent is at work, and is not part of the answer. */
  log(note: WireValue): void;
}

export type AgentEstimate = Omit<AdapterEstimateContent, 'usd_micros'> & { readonly usd_micros?: number };

type Work = AsyncGenerator<AgentPiece, AgentResult | undefined> | AsyncIterable<AgentPiece>;

export interface AgentOptions
  extends Pick<
    ClientOptions,
    'url' | 'key' | 'key_in' | 'signing_keys' | 'checksums' | 'reconnect' | 'connect_timeout_ms' | 'onLink'
  > {
  /** Calls of model `<provider>/<id>` come here; `start()` tells the names. */
  readonly id: string;
  /** Further names that it answers to. */
  readonly models?: readonly string[];
  /** What it can do, in words of its own; `usage` promises that every result has it. */
  readonly capabilities?: readonly string[];
  readonly languages?: readonly string[];
  readonly max_tokens?: number;
  /** Its price in micro-dollars per million tokens. */
  readonly usd_micros_per_mtok?: number | { readonly in: number; readonly out: number };
  readonly version?: string;
  /** Tasks at a time; default 8. Further ones are declined. */
  readonly concurrency?: number;
  /** Between two reports of its health; default 10 s. */
  readonly health_interval_ms?: number;
  /** What a task will need. Default: four characters a token, and the task's own limit, else 512, for the answer. */
  estimate?(task: AgentTask): AgentEstimate | Promise<AgentEstimate>;
  /** Does the work: an async generator of pieces, or a promise of the whole. What it throws ends the task with an error. */
  run(task: AgentTask, context: AgentContext): Work | Promise<AgentResult | string>;
  /** What `run` or `estimate` threw, or what the router says of a session that was lost. For logs; what it throws is ignored. */
  readonly onError?: (error: unknown) => void;
}

/** What an agent says of itself: see S25 of atp-sessions.md. */
export type { AgentStatus };
