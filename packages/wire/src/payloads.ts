import type { WireCode } from '@atp-router/kernel';
import type { WireObject, WireValue } from './value.ts';
import type { Window } from './window.ts';

/** What every payload may carry, whatever its type. Members that are not listed are kept and ignored. */
export interface PayloadHead {
  /** 0 (a guess) to 1. */
  readonly confidence?: number;
  readonly cost_est?: CostEstimate;
  /** `sha256:<hex>` of the content, see `contentDigest`; of a fragment always there. */
  readonly checksum?: string;
  /** Milliseconds after its receipt for which the payload holds. */
  readonly expiry_ms?: number;
  readonly persona_id?: string;
  readonly clone_id?: string;
  /** Position in the output of one persona and clone. */
  readonly seq?: number;
  /** On the last fragment of a message: what the whole has to be. */
  readonly frag?: FragmentSeal;
}

export type CostEstimate = {
  readonly in_tokens?: number;
  readonly out_tokens?: number;
  readonly usd_micros?: number;
};

export type FragmentSeal = {
  /** `sha256:<hex>`: Merkle root over the digests of all fragments. */
  readonly root: string;
  /** Bytes of all fragments together. */
  readonly bytes: number;
  /** `json`: the joined text is the JSON text of the content. Absent: it is the content itself. */
  readonly form?: 'json';
};

/** A payload as it comes: of a known type or of one that a later edition added. `knownPayload` tells them apart. */
export interface Payload extends PayloadHead {
  readonly type: string;
  readonly content?: WireValue;
}

// The contents are type aliases and no interfaces: only an alias can be given where a `WireValue` is wanted.

/** One persona and clone that a dispatch is for. */
export type Target = {
  readonly persona_id: string;
  readonly clone_id: string;
};

export type DispatchContent = {
  readonly session_id: string;
  readonly targets: readonly Target[];
  readonly budget?: { readonly tokens?: number; readonly usd_micros?: number };
  /** What is to be done, in whatever shape sender and agent agreed on. */
  readonly task?: WireValue;
  /** Whether it only checks that the agent keeps to the rules: nobody waits for the answer, and nobody pays for it. */
  readonly check?: boolean;
};

export type StreamContent = {
  readonly session_id: string;
  readonly persona_id: string;
  readonly clone_id: string;
  readonly seq: number;
  readonly data: WireValue;
};

export type EndContent = {
  readonly session_id: string;
  readonly persona_id: string;
  readonly clone_id: string;
  readonly seq?: number;
  readonly stats?: { readonly latency_ms?: number; readonly tokens?: number };
};

export type AgentStatus = 'READY' | 'BUSY' | 'PAUSE' | 'DRAINING';

export type StatusContent = {
  readonly status: AgentStatus;
  readonly reason?: string;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly suggested_window?: Window;
  readonly retry_after_ms?: number;
};

/** What has arrived in one lane. Members that say nothing new are left out. */
export type Acknowledgement = {
  /** Default: the stream of the frame. */
  readonly stream_id?: string;
  readonly persona_id?: string;
  readonly clone_id?: string;
  /** Highest `msg_seq` up to which every message has arrived. */
  readonly ack_msg_up_to?: number;
  /** The message that `ack_up_to` and `missing` are about. */
  readonly msg_seq?: number;
  /** Highest `frag_seq` of that message up to which every fragment has arrived. */
  readonly ack_up_to?: number;
  /** Every fragment that has to be sent again; only once the last index is known. */
  readonly missing?: readonly number[];
  /** Highest `msg_seq` that may be sent in the lane. Never falls. */
  readonly credit?: number;
  /** Messages that are not there, or of which too much is missing, and are asked for again. */
  readonly missing_messages?: readonly number[];
  /** Those up to `ack_msg_up_to` that failed instead of being handed on. */
  readonly failed?: readonly number[];
  /** The other way round: messages of the sender of this acknowledgement that it has given up. */
  readonly withdrawn?: readonly number[];
};

export type AckContent = {
  readonly acks: readonly Acknowledgement[];
};

/** The new window is the frame's `window`; acknowledgements may ride along. */
export type WindowUpdateContent = {
  readonly acks?: readonly Acknowledgement[];
};

/** What is left; below zero when more was used than granted. */
export type BudgetUpdateContent = {
  readonly tokens?: number;
  readonly usd_micros?: number;
  readonly reason?: string;
};

export type RouteUpdateContent = {
  readonly targets?: readonly Target[];
  readonly reason?: string;
};

/** Reopens a session after a drop; `acks` say what had arrived. */
export type ResumeContent = {
  readonly token: string;
  readonly acks?: readonly Acknowledgement[];
};

/** Content of SYN (what is wanted) and of SYN|ACK (what is granted). */
export type HelloContent = {
  readonly task?: WireValue;
  readonly encodings?: readonly string[];
  readonly compression?: readonly string[];
  readonly features?: readonly string[];
  /** Credential of the peer that opens. */
  readonly token?: string;
  /** The encoding that was chosen of those offered. */
  readonly encoding?: string;
  /** Seconds without traffic after which a heartbeat is sent. */
  readonly interval_s?: number;
  /** Seconds without activity after which the session is ended. */
  readonly idle_fin_s?: number;
  readonly resume_token?: string;
  /** Milliseconds without a connection after which the session is over. */
  readonly resume_ttl_ms?: number;
  /** Messages of a lane that this end takes before it is done with the first of them. */
  readonly pending_messages?: number;
  /** In the answer to a resumption: what had arrived. */
  readonly acks?: readonly Acknowledgement[];
};

export type CapabilitiesContent = {
  readonly encodings?: readonly string[];
  readonly compression?: readonly string[];
  readonly features?: readonly string[];
  readonly payload_types?: readonly string[];
};

export type AdapterCapabilityContent = {
  readonly adapter_id: string;
  readonly adapter_type?: string;
  readonly capabilities?: readonly string[];
  readonly models?: readonly string[];
  readonly max_tokens?: number;
  readonly supported_languages?: readonly string[];
  /** Micro-dollars per million tokens: one price for all, or one for each direction. */
  readonly usd_micros_per_mtok?: number | { readonly in: number; readonly out: number };
  readonly version?: string;
};

/** The answer to a capability that was accepted. */
export type AdapterAcceptedContent = {
  readonly adapter_id: string;
  /** Names of models by which calls reach the adapter. */
  readonly routes?: readonly string[];
};

/** What a task will need, asked before it is dispatched on the same stream. */
export type AdapterEstimateRequestContent = {
  readonly adapter_id: string;
  readonly targets?: readonly Target[];
  /** The most that the task may use. */
  readonly budget?: { readonly tokens?: number; readonly usd_micros?: number };
  /** As it will be dispatched. */
  readonly task: WireValue;
  readonly check?: boolean;
};

export type AdapterEstimateContent = {
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly usd_micros: number;
  readonly p95_tokens?: number;
  /** Micro-dollars, as all money on the wire. */
  readonly p95_usd?: number;
  /** Tokens² and micro-dollars². */
  readonly variance?: { readonly tokens?: number; readonly usd?: number };
  readonly confidence?: number;
  readonly tool_cost_breakdown?: readonly { readonly tool: string; readonly usd_micros: number }[];
  readonly tool_token_estimates?: readonly { readonly tool: string; readonly tokens: number }[];
  readonly assumptions?: readonly string[];
};

export type AdapterHealthContent = {
  readonly adapter_id: string;
  readonly status: string;
  readonly p50_ms?: number;
  readonly p95_ms?: number;
  /** Share of requests that failed, 0 to 1. */
  readonly error_rate?: number;
  readonly queue_depth?: number;
};

export type ToolRequestContent = {
  readonly id: string;
  readonly name: string;
  readonly args?: WireValue;
};

export type ToolResultContent = {
  /** Of the request that is answered. */
  readonly id: string;
  readonly result?: WireValue;
  readonly is_error?: boolean;
};

/** The content of an `error` payload. */
export type WireErrorContent = {
  /** A `WireCode`; of a later edition perhaps another. */
  readonly code: WireCode | (string & {});
  /** For people; holds nothing of a prompt, an answer or a key. */
  readonly reason: string;
  readonly retry_after_ms?: number;
  readonly details?: WireObject;
};

/** Payload types whose content may be anything: text most often, or bytes, or an object. */
export interface FreeContents {
  'agent.result.partial': WireValue;
  'agent.result.provisional': WireValue;
  'agent.result.final': WireValue;
  'agent.question': WireValue;
  'agent.log': WireValue;
}

/** Payload types whose content is an object that has to be there. */
export interface RequiredContents {
  'agent.dispatch': DispatchContent;
  'agent.stream': StreamContent;
  'agent.end': EndContent;
  'control.status': StatusContent;
  'control.budget_update': BudgetUpdateContent;
  'control.route_update': RouteUpdateContent;
  'control.ack': AckContent;
  'control.resume': ResumeContent;
  'control.hello': HelloContent;
  'control.capabilities': CapabilitiesContent;
  'adapter.capability': AdapterCapabilityContent;
  'adapter.accepted': AdapterAcceptedContent;
  'adapter.estimate_request': AdapterEstimateRequestContent;
  'adapter.estimate': AdapterEstimateContent;
  'adapter.health': AdapterHealthContent;
  'tool.request': ToolRequestContent;
  'tool.result': ToolResultContent;
  error: WireErrorContent;
}

/** Payload types whose content is an object that may be left out. */
export interface OptionalContents {
  'control.window_update': WindowUpdateContent;
}

export type PayloadType = keyof FreeContents | keyof RequiredContents | keyof OptionalContents;

type ContentOf<T extends PayloadType> = T extends keyof FreeContents
  ? { readonly content?: FreeContents[T] }
  : T extends keyof RequiredContents
    ? { readonly content: RequiredContents[T] }
    : T extends keyof OptionalContents
      ? { readonly content?: OptionalContents[T] }
      : never;

/** A result that may be revised says for how long it holds. */
type ExpiryOf<T extends PayloadType> = T extends 'agent.result.provisional' ? { readonly expiry_ms: number } : unknown;

type PayloadOf<T extends PayloadType> = PayloadHead & { readonly type: T } & ContentOf<T> & ExpiryOf<T>;

/** The typed catalogue: switch on `type` and `content` has its shape. */
export type KnownPayload = { [T in PayloadType]: PayloadOf<T> }[PayloadType];
