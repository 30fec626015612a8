/** What servers of one shape differ in, where a request has to respect it. */
export interface EndpointTraits {
  /** OpenAI's own service (Azure's too), which knows nothing that compatible servers added to its shape. */
  readonly is_openai: boolean;
  /** How Chat Completions limits the output there. */
  readonly max_tokens_field: 'max_tokens' | 'max_completion_tokens';
}

/** Assumed where a caller does not say. */
export const OPENAI_TRAITS: EndpointTraits = { is_openai: true, max_tokens_field: 'max_completion_tokens' };
