import type { HostedUses, JsonObject, JsonValue, Usage } from '@atp-router/kernel';

/**
 * The one internal model that every API shape is decoded into and encoded from. It is a superset on purpose: what one
 * shape can say and another cannot is kept here and reported (ignored or refused) when it is encoded.
 */

export type DialectId = 'openai-chat' | 'openai-responses' | 'anthropic-messages' | 'gemini' | 'ollama' | 'ask';

/** `ephemeral` prompt-cache marker (Anthropic) with an optional lifetime; a hint for every other shape. */
export interface CacheMarker {
  readonly ttl?: string;
}

export type MediaSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'base64'; readonly media_type: string; readonly data: string };

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly cache?: CacheMarker;
  /**
   * Of an answer: where it comes from, in Responses' words (`url_citation`, …). `start_index` and `end_index` count in
   * all text of the choice, whatever parts it has.
   */
  readonly annotations?: readonly JsonObject[];
}

export interface ImagePart {
  readonly type: 'image';
  readonly source: MediaSource;
  /** OpenAI's `low | high | auto` resolution hint. */
  readonly detail?: string;
  readonly cache?: CacheMarker;
}

export interface FilePart {
  readonly type: 'file';
  readonly source: MediaSource | { readonly kind: 'text'; readonly text: string };
  readonly name?: string;
  readonly cache?: CacheMarker;
}

export interface AudioPart {
  readonly type: 'audio';
  readonly format: string;
  readonly data: string;
}

export interface ToolCallPart {
  readonly type: 'tool_call';
  readonly id: string;
  readonly name: string;
  /** The arguments as JSON text, exactly as the model wrote them. */
  readonly args_json: string;
  /** Gemini's opaque signature that has to come back with the call. */
  readonly signature?: string;
  readonly cache?: CacheMarker;
}

export interface ToolResultPart {
  readonly type: 'tool_result';
  readonly call_id: string;
  /** Name of the function, when the ingress shape carries it or an earlier call names it. */
  readonly name?: string;
  readonly content: readonly (TextPart | ImagePart)[];
  readonly is_error?: boolean;
  readonly cache?: CacheMarker;
}

export interface ThinkingPart {
  readonly type: 'thinking';
  readonly text: string;
  readonly signature?: string;
  /** Encrypted reasoning that only its maker can read. */
  readonly redacted?: string;
  /** The shape that made it. Signed thinking is meaningless to any other and is stripped there. */
  readonly origin: DialectId;
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

/**
 * A block that only the shape that made it understands: traces of hosted tools, ids of uploaded files. It goes back there
 * untouched; every other shape asks `Translation.opaque` what to do with it.
 */
export interface OpaquePart {
  readonly type: 'opaque';
  readonly origin: DialectId;
  readonly raw: JsonObject;
  /** Where the client's request has it. Absent for what a hosted tool left in an earlier answer. */
  readonly path?: string;
}

export type Part =
  | TextPart
  | ImagePart
  | FilePart
  | AudioPart
  | ToolCallPart
  | ToolResultPart
  | ThinkingPart
  | RefusalPart
  | OpaquePart;

/**
 * Tool results are parts of a `user` message, as in Anthropic's shape. `system` is text from within the conversation; what
 * stands before it lives in `GenRequest.system`.
 */
export interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  readonly parts: readonly Part[];
  /** OpenAI's participant name: a hint. */
  readonly name?: string;
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonObject;
  readonly strict?: boolean;
  readonly cache?: CacheMarker;
  /** Fields of the declaration that only the shape of the request knows. */
  readonly extra?: JsonObject;
}

/** A tool that runs at the provider (web search, code execution): only meaningful in the shape that declared it. */
export interface HostedTool {
  readonly type: string;
  readonly origin: DialectId;
  readonly raw: JsonObject;
  /** Where the client's request declares it. */
  readonly path?: string;
}

export type ToolChoice =
  | { readonly type: 'auto' }
  | { readonly type: 'none' }
  | { readonly type: 'required' }
  | { readonly type: 'tool'; readonly name: string };

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: JsonObject;
      readonly strict?: boolean;
      readonly description?: string;
    };

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

export interface Reasoning {
  readonly effort?: ReasoningEffort;
  /** Token budget for thinking (Anthropic, Gemini). 0 turns thinking off. */
  readonly budget_tokens?: number;
  /** The client wants to see the thinking (or a summary of it). */
  readonly include?: boolean;
  /** Anthropic's `adaptive`: the model decides. */
  readonly adaptive?: boolean;
}

export interface GenRequest {
  /** Shape the client spoke. */
  readonly source: DialectId;
  readonly model: string;
  readonly stream: boolean;
  /** Only for streams of shapes where usage is optional; others always report. */
  readonly include_usage: boolean;
  readonly system: readonly TextPart[];
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly hosted_tools: readonly HostedTool[];
  readonly tool_choice?: ToolChoice;
  readonly parallel_tool_calls?: boolean;
  readonly max_output_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly stop: readonly string[];
  readonly seed?: number;
  /** Number of choices; 1 when absent. */
  readonly n: number;
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly logit_bias?: JsonObject;
  /** Present when token log-probabilities are wanted; `top` alternatives each. */
  readonly logprobs?: { readonly top: number };
  readonly response_format?: ResponseFormat;
  readonly reasoning?: Reasoning;
  /** End-user id: a hint. */
  readonly user?: string;
  /** Free-form metadata: a hint. */
  readonly metadata?: JsonObject;
  readonly service_tier?: string;
  /** Top-level fields that the shape's decoder does not know: passed on to a provider of the same shape only. */
  readonly extra: JsonObject;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'pause' | 'error';

/** One generated alternative. */
export interface Choice {
  readonly parts: readonly (TextPart | ToolCallPart | ThinkingPart | RefusalPart | OpaquePart)[];
  readonly finish: FinishReason;
  /** The stop sequence that ended it, where the provider says so. */
  readonly stop_sequence?: string;
  /** OpenAI-shaped token log-probabilities. */
  readonly logprobs?: JsonValue;
}

export interface GenResponse {
  readonly id: string;
  /** The upstream's name of the model that answered. */
  readonly model: string;
  readonly created_s: number;
  readonly choices: readonly Choice[];
  /** Absent when the provider did not report it. */
  readonly usage?: Usage;
  /** Tools that ran at the provider; absent when the answer shows none. */
  readonly hosted_uses?: HostedUses | undefined;
  /** The provider answered, with a good status, that it failed (Responses): there is nothing of an answer. */
  readonly error?: RemoteError;
}

/** The half of `Usage` that is known before anything is generated. */
export type PromptUsage = Pick<Usage, 'in_tokens' | 'cached_in_tokens' | 'cache_write_tokens'>;

/** An error that an upstream reported, normalised. */
export interface RemoteError {
  readonly status: number;
  readonly kind:
    | 'invalid_request'
    | 'unauthorized'
    | 'permission'
    | 'not_found'
    | 'too_large'
    | 'rate_limited'
    | 'quota'
    | 'overloaded'
    | 'server'
    | 'content_filter';
  readonly message: string;
  /** Earliest useful retry, where the shape says it in the body (Gemini) and not in a header. */
  readonly retry_after_ms?: number;
}
