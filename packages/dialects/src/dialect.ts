import type { AtpError, HostedUses, JsonObject, Qos, Usage, UsdNanos } from '@atp-router/kernel';
import type { EndpointTraits } from './endpoint-traits.ts';
import type { FeatureTable } from './features.ts';
import type { GenEvent } from './event.ts';
import type { DialectId, GenRequest, GenResponse, RemoteError } from './model.ts';

/** Wishes about routing that ride in a request body (`ask`); other shapes send them as `x-atp-*` headers. */
export interface RoutingWishes {
  readonly task_type?: string;
  readonly qos?: Qos;
  readonly data_scope?: readonly string[];
  /** What is said of the task, for policies to match; names and values are read where policies are. */
  readonly facts?: JsonObject;
  readonly max_usd_nanos?: UsdNanos;
  /** How good an answer is wanted, as it is written; read where routing is. */
  readonly quality?: string;
  /** From the arrival of the request. */
  readonly deadline_ms?: number;
}

/** What routing and accounting need to know of a request, read without building the internal model. */
export interface RequestProbe {
  readonly model: string;
  readonly stream: boolean;
  readonly include_usage: boolean;
  /** Choices asked for; 1 when absent. */
  readonly n: number;
  readonly max_output_tokens?: number;
  readonly has_tools: boolean;
  readonly has_images: boolean;
  readonly has_audio: boolean;
  /** PDFs and other files that the provider reads itself; plain text is none. */
  readonly has_documents: boolean;
  readonly wants_json_mode: boolean;
  readonly wants_json_schema: boolean;
  readonly wants_reasoning: boolean;
  readonly wants_logprobs: boolean;
  /** Bytes of base64 media, which cost tokens by picture and not by byte. */
  readonly media_bytes: number;
  readonly media_count: number;
  readonly wishes?: RoutingWishes;
  /** Fields that the router itself does not act on, whatever the provider: for `x-atp-ignored`. */
  readonly ignored?: readonly string[];
}

export interface ProbeLimits {
  readonly messages: number;
  readonly tools: number;
}

/** The changes that the router itself makes to a request which is otherwise passed on untouched. */
export interface RequestPatch {
  readonly model: string;
  /** Cap on output tokens that the budget allows; never raises what the client asked for. */
  readonly max_output_tokens?: number;
  /** Prepended to the system text (agents). */
  readonly system_prompt?: string;
  /** Ask the provider to report usage in the stream. */
  readonly include_usage: boolean;
  /** Absent: OpenAI's own service. */
  readonly endpoint?: EndpointTraits;
}

export interface EncodeContext {
  readonly upstream_model: string;
  readonly stream: boolean;
  readonly max_output_tokens?: number;
  /** Output limit to send when the client gave none and the shape demands one (Anthropic). */
  readonly default_max_output_tokens: number;
  /** Operator's choice per field: drop what cannot be translated instead of refusing the request. */
  readonly drop: (field: string) => boolean;
  /** Absent: OpenAI's own service. */
  readonly endpoint?: EndpointTraits;
  /** The model's context in tokens, for servers that have to be told how much room to make (Ollama). */
  readonly context_tokens?: number;
}

/** A request in a provider's shape, with what could not be said in it. */
export interface EncodedRequest {
  readonly body: JsonObject;
  /** Hints the provider lacks and semantic fields dropped by the operator's choice, for `x-atp-ignored`. */
  readonly ignored: readonly string[];
}

/** Cost and identity that ride on an answer. */
export interface AtpField {
  readonly request_id: string;
  readonly model: string;
  readonly attempts: number;
  readonly cost_usd_micros: number;
  readonly usage_source: 'reported' | 'counted' | 'none';
  /** Of all attempts, in joules and milligrams; absent: not known. */
  readonly energy_joules?: number;
  readonly co2e_mg?: number;
  readonly simulated?: true;
  /** What was generated and the client's shape cannot carry: at the end of a stream. */
  readonly dropped?: readonly string[];
  /** A shadow model is asked the same for comparison, and answers nobody. */
  readonly trial?: { readonly champion: string; readonly challenger: string };
  /** It was said before: to the same text, or to one of this similarity. */
  readonly cache?: { readonly hit: 'exact' | 'similar'; readonly similarity: number };
  /** How several agents' answers became this one. */
  readonly consensus?: JsonObject;
}

export interface PlanTarget {
  readonly model: string;
  readonly provider: string;
}

/** What the router means to do with a call, and why. */
export interface RoutePlan {
  readonly primary: PlanTarget;
  /** Tried in this order when the primary fails. */
  readonly escalation: readonly PlanTarget[];
  readonly why: readonly string[];
  /** Lower and upper bound. */
  readonly expected_cost_usd_micros: readonly [number, number];
  readonly expected_p95_ms?: number;
}

/** One SSE event or NDJSON line as it came. `raw` is the exact bytes including the separator. */
export interface Frame {
  readonly event: string;
  readonly data: string;
  readonly raw: Uint8Array;
}

/** Reads one upstream stream. Stateful; one per attempt. */
export interface StreamDecoder {
  /** Events of one frame; empty for comments and pings. Malformed frames throw `AtpError upstream_error`. */
  push(frame: Frame): readonly GenEvent[];
  /** Tools that ran at the provider, as far as the frames have shown; absent where the shape does not show them. */
  readonly hosted_uses?: HostedUses | undefined;
}

/** Writes one client stream. Stateful; one per call. */
export interface StreamEncoder {
  /** Text to send for one event; empty when the shape has nothing to say for it. */
  push(event: GenEvent): string;
  /** A result that may still be revised, beside the answer, in an event of its own that other readers leave alone. */
  provisional(fields: JsonObject): string;
  /**
   * The finish chunk, usage and end marks that were held back, with the `atp` field. `ended_s`: now, for shapes that tell it.
   * Throws `AtpError upstream_error` when nothing of what was generated could be written.
   */
  finish(atp: AtpField, ended_s?: number): string;
}

export interface StreamEncodeContext {
  readonly id: string;
  /** Name shown to the client. */
  readonly model: string;
  readonly created_s: number;
  readonly include_usage: boolean;
  /** The client's body, for shapes whose answers repeat it (Responses). */
  readonly request?: JsonObject;
  /** For shapes whose answers tell it (`ask`). */
  readonly plan?: RoutePlan;
}

export interface ResponseEncodeContext {
  readonly id: string;
  readonly model: string;
  /** The client's body, for shapes whose answers repeat it (Responses). */
  readonly request?: JsonObject;
  /** For shapes whose answers tell it (`ask`). */
  readonly plan?: RoutePlan;
  /** When the answer ended, for shapes that tell it (Responses). */
  readonly ended_s?: number;
  /** Cost, for shapes whose answers carry it in fields of their own (`ask`). */
  readonly atp?: AtpField;
}

export interface EncodedError {
  readonly status: number;
  readonly body: JsonObject;
}

export interface EarlyEndContext {
  /** Choices that have to finish. */
  readonly n: number;
  /** The client asked for usage, where that is optional. */
  readonly include_usage: boolean;
}

export interface EarlyEnd {
  /** A frame that the client got as it came. */
  relayed(frame: Frame): void;
  /** Ends what is open, as if it had reached its output limit. */
  write(atp: AtpField, usage: Usage): string;
}

/** Same-shape relaying: the exact bytes of frames pass, except where money has to be written in. */
export interface PassThrough {
  /** The client's body with the changes of `patch`, without past reasoning that the provider would not take back. */
  patchRequest(body: JsonObject, patch: RequestPatch): EncodedRequest;
  /** The finish frame with the `atp` field added, and with `counted` where it tells usage that cannot be true, or none. */
  annotateFrame(frame: Frame, atp: AtpField, counted?: Usage): string;
  /** A whole answer with this usage in place of what it says. */
  tellUsage(body: JsonObject, usage: Usage): JsonObject;
  /** Follows a stream that is relayed untouched, to be able to end it before its provider does. */
  earlyEnd(ctx: EarlyEndContext): EarlyEnd;
  /** Ends a stream whose provider has finished and left it out; absent where the finish frame is the last anyway. */
  readonly end_mark?: string;
  /** Where usage has a frame of its own, which the client may ask for: absent where usage always rides with the finish. */
  readonly usage_frame?: {
    /** Tells usage that the provider did not; like the stream that `finish`, its finish frame, belongs to. */
    make(finish: Frame, usage: Usage): string;
    /** Whether a frame behind the last finish is the one for usage, although no usage could be read from it. */
    isEmpty(frame: Frame): boolean;
  };
}

/** The half of an API shape that talks to a provider. */
export interface ProviderDialect {
  readonly id: DialectId;
  readonly framing: 'sse' | 'ndjson';
  readonly features: FeatureTable;
  /** Throws `AtpError untranslatable` naming the field and the reason. */
  encodeRequest(request: GenRequest, ctx: EncodeContext): EncodedRequest;
  decodeResponse(body: JsonObject): GenResponse;
  streamDecoder(): StreamDecoder;
  decodeError(status: number, body: string): RemoteError;
}

/** The half of an API shape that talks to a client. */
export interface IngressDialect {
  readonly id: DialectId;
  probe(body: JsonObject, limits: ProbeLimits): RequestProbe;
  /** Throws `AtpError invalid_request` naming the field at fault. */
  decodeRequest(body: JsonObject): GenRequest;
  /** Throws `AtpError upstream_error` for an answer of which nothing would be left. */
  encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject;
  /** What of an answer `encodeResponse` has no place for, by name. */
  lost(response: GenResponse): readonly string[];
  streamEncoder(ctx: StreamEncodeContext): StreamEncoder;
  encodeError(error: AtpError, request_id: string): EncodedError;
  /** What to write into a stream that has already begun. `sequence`: the event's number, where the shape numbers them. */
  encodeStreamError(error: AtpError, request_id: string, sequence?: number): string;
  /** The field that numbers the events of a stream. */
  readonly sequence_field?: string;
}

/** An API shape that clients and providers both speak, so that equal sides need no translation. */
export interface Dialect extends ProviderDialect, IngressDialect {
  readonly passThrough: PassThrough;
}
