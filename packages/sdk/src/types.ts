import type { Qos } from '@atp-router/kernel';
import type { Payload, WireObject, WireValue } from '@atp-router/wire';
import type { Runtime, SocketLike } from './runtime.ts';
import type { SignalLike } from './signal.ts';

export type { SignalLike } from './signal.ts';

/** A question in the shape of `ask` (docs/protocol/ask.md). Exactly one of `prompt` and `messages`. */
export interface AskRequest {
  readonly prompt?: string;
  readonly messages?: readonly WireObject[];
  readonly system?: string;
  /** Model id, agent id, `policy:<id>` or `auto`; default `auto`. */
  readonly model?: string;
  readonly max_output_tokens?: number;
  readonly temperature?: number;
  readonly [field: string]: WireValue | undefined;
}

/** How the router is to treat a task. */
export interface TaskOptions {
  readonly qos?: Qos;
  readonly task_type?: string;
  readonly data_scope?: readonly string[];
  /**
   * Milliseconds from now after which the answer is of no use: the task then fails with `ETIMEOUT`, also when the router
   * cannot be reached. The router is told what is left of them when the task is sent.
   */
  readonly deadline_ms?: number;
  /** The same key never runs the work twice. */
  readonly idempotency_key?: string;
  /** W3C `traceparent`. */
  readonly traceparent?: string;
  /** Routers that the work has passed already: an agent that asks for a part of its own gives the `via` of its task on, so that loops end. */
  readonly via?: readonly string[];
  readonly max_usd_micros?: number;
  readonly max_tokens?: number;
  /** Cancels the task; an `AbortSignal` fits. */
  readonly signal?: SignalLike;
}

/** What a call came to; fields of later editions are there, too. */
export interface FinalAtp {
  /** Energy of all that was used, in joules; absent where it is not known. */
  readonly energy_joules?: number;
  /** What that emitted, in milligrams of CO2e; absent where it is not known. */
  readonly co2e_mg?: number;
  readonly [field: string]: unknown;
}

/** The whole answer; fields of later editions are there, too. */
export interface Final {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly finish: string;
  readonly cost_usd_micros: number | null;
  readonly usage: Readonly<Record<string, number>> | null;
  /** What the router says of the call beside the answer; absent where the answer is not of a router. */
  readonly atp?: FinalAtp;
  readonly [field: string]: unknown;
}

export type TaskEvent =
  /** What the router means to do, or another note. */
  | { readonly type: 'log'; readonly content: WireValue | undefined }
  /** A piece of the answer: `kind` is `text`, `thinking`, `refusal`, `tool_call` or `tool_args`. */
  | { readonly type: 'partial'; readonly kind: string; readonly delta: string; readonly content: WireObject }
  /** A result that may still be revised. */
  | { readonly type: 'provisional'; readonly content: WireValue | undefined }
  /** The last event. */
  | { readonly type: 'final'; readonly result: Final };

/** What happens below the tasks, for logs and metrics. `reason` of a loss: what the router or the runtime says, if anything. */
export type LinkEvent =
  | { readonly type: 'connecting'; readonly attempt: number }
  | { readonly type: 'connected'; readonly resumed: boolean }
  | {
      readonly type: 'disconnected';
      /** Close code (T14); over plain HTTP also the status of a request that was refused; 0 where there was none. */
      readonly code: number;
      /** Absent: it is not tried again, `closed` follows. */
      readonly retry_in_ms: number | undefined;
      readonly reason: string | undefined;
    }
  | { readonly type: 'closed'; readonly reason: string };

/** What a session may have outstanding; what is absent is not limited. Tasks beyond `max_parallel` wait in the client. */
export interface SessionWindow {
  readonly max_parallel?: number;
  readonly max_tokens?: number;
  readonly max_usd_micros?: number;
}

/** What is left of the budgets of the day; below zero what is owed. A budget that there is not is absent. */
export interface BudgetLeft {
  readonly tokens?: number;
  readonly usd_micros?: number;
  /** `task_ended`, `limit_changed`, `new_day`; a later edition may have others. */
  readonly reason?: string;
}

/** Another carrier of sessions than a WebSocket. */
export interface Transport {
  /** It is taken after a WebSocket that did not open, and a WebSocket after it; else it is the only one. */
  readonly is_fallback: boolean;
  /** A connection that the first frame opens: it takes one at once, and is open when that was answered. `pauses`: within it. */
  open(runtime: Runtime, url: string, key: string, pauses: Pauses): SocketLike;
  /** What the code of a close says that will hold. `former`: the last status of HTTP before, since there
   * was a session. */
  refusal(code: number, reason: string, former: number): Payload | undefined;
}

export interface Pauses {
  next_ms(): number;
  reset(): void;
}

/** One key of a tenant's `signing_keys`. */
export interface ClientSigningKey {
  readonly id: string;
  /** At least 32 bytes, in hex. */
  readonly secret: string;
  /** Milliseconds since the Unix epoch between which the key is good; default: always. */
  readonly not_before_ms?: number;
  readonly not_after_ms?: number;
}

export interface ClientOptions {
  /** Address of the router: `http(s)://host:port`. */
  readonly url: string;
  /**
   * The key, or a function that gets one for each connection (OIDC and other tokens that end). When the function rejects, that is
   * told as the `reason` of a loss, and tried again.
   */
  readonly key: string | (() => string | Promise<string>);
  /**
   * What carries the session where no WebSocket gets through: `http` of `@atp-router/sdk/http` (requests, and server-sent events), or
   * its `auto`: a WebSocket, and after one that did not open the other, in turn. Default: WebSockets alone.
   */
  readonly transport?: Transport;
  /**
   * Over a WebSocket, where the key goes: into the request for the WebSocket (`subprotocol`, which gateways can look at) or into the session's first
   * frame (`hello`). Default: the first, and after a WebSocket that did not open the other, in turn: only in answer to a frame can
   * the router say what is wrong with a key. With `subprotocol` alone a wrong key looks like a router that is not there. Plain
   * HTTP has it in a header of each request.
   */
  readonly key_in?: 'subprotocol' | 'hello';
  /** Keys that frames are signed with, as the router has them for the tenant. Default: frames are not signed. */
  readonly signing_keys?: readonly ClientSigningKey[];
  /**
   * Asks for a checksum on every frame, which a router with `sessions.checksums` grants. Default: no, because TLS and TCP protect the
   * way. A checksum that is there is checked in any case.
   */
  readonly checksums?: boolean;
  /**
   * First pause between connections, doubled up to the second, each spread over its whole length; default 250 ms and 30 s. After
   * `attempts_max` attempts in a row, none of which brought a session about, what waits for it fails; default 10, which takes
   * three quarters of a minute.
   */
  readonly reconnect?: { readonly base_ms?: number; readonly cap_ms?: number; readonly attempts_max?: number };
  /** From the begin of an attempt, the key included, until its socket is open, or the first request is answered; then it is given up. Default 10 s. */
  readonly connect_timeout_ms?: number;
  /** Tasks that wait for the window; a further one is refused. */
  readonly waiting_max?: number;
  /** What it throws is ignored. */
  readonly onLink?: (event: LinkEvent) => void;
  /** What the router allows, at first and whenever it changes. What it throws is ignored. */
  readonly onWindow?: (window: SessionWindow) => void;
  /** What is left for today: after tasks, and when a limit or the day has changed; never where there is no budget. What it throws is ignored. */
  readonly onBudget?: (left: BudgetLeft) => void;
}
