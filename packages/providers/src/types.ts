import type { JsonObject } from '@atp-router/kernel';
import type { GenRequest, ProviderDialect } from '@atp-router/dialects';

/** Every kind of provider, as the configuration names it; whatever has to know all of them is typed by it. */
export const PROVIDER_KINDS = ['openai', 'anthropic', 'gemini', 'ollama', 'sim', 'agent'] as const;

export type ProviderKind = (typeof PROVIDER_KINDS)[number];

/** What a model of this kind can have, in the words of the configuration. */
export type ProviderCapability =
  | 'chat'
  | 'tools'
  | 'vision'
  | 'audio'
  | 'documents'
  | 'json_mode'
  | 'json_schema'
  | 'reasoning'
  | 'logprobs'
  | 'embeddings';

export type Operation = 'generate' | 'embed' | 'count_tokens' | 'models';

export interface EndpointQuery {
  readonly operation: Operation;
  /** Some shapes name the model and the streaming in the path. */
  readonly upstream_model: string;
  readonly stream: boolean;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Path and query, to be put behind the base address by `endpointUrl`. */
  readonly path: string;
}

/** Response headers by lower-case name. */
export interface HeaderReader {
  get(name: string): string | undefined;
}

/** Exact counting of a prompt by the provider. */
export interface CountTokensCodec {
  /** A client's body in the very shape that the provider counts: all of it but the model's name goes on as it is. */
  pass?(body: JsonObject, upstream_model: string, system_prompt: string | undefined): JsonObject;
  /** Throws `AtpError untranslatable` as the dialect does. */
  encode(request: GenRequest, upstream_model: string): JsonObject;
  /** Throws `AtpError upstream_error` when the answer has no count. */
  decode(body: JsonObject): number;
}

/** All that the router has to know about one kind of endpoint. Pure: sockets, timers and keys belong to the caller. */
export interface ProviderDescription {
  readonly kind: ProviderKind;
  readonly dialect: ProviderDialect;
  /** Address as the vendor's own SDK takes it; the one of a provider whose configuration names none. */
  readonly default_base_url: string;
  /** Path segment that some operators append to the base address although the paths begin with it. */
  readonly version_segment: string;
  /**
   * The vendor's own address, `default_base_url`, refuses every request without a key: a configuration that has none for
   * it is a fault. Other servers of the same shape may do without.
   */
  readonly needs_api_key: boolean;
  /** What the kind can carry at best; a model may have less. */
  readonly capabilities: readonly ProviderCapability[];
  /** Undefined when the kind has no such operation. */
  endpoint(query: EndpointQuery): Endpoint | undefined;
  /**
   * Flat list of name, value, name, value, …, lower-case names, ready for the wire. `extra` is flat too and replaces
   * headers of the same name. Throws `AtpError config_invalid` for a key that no header can carry.
   */
  headers(api_key: string | undefined, extra: readonly string[]): string[];
  /** Ids of the models in an answer of `models`. Throws `AtpError upstream_error` when it is not such an answer. */
  readModels(body: JsonObject): readonly string[];
  readonly countTokens?: CountTokensCodec;
}
