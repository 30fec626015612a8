import type { EndpointTraits } from '@atp-router/dialects';

/** Hosts of OpenAI's own service (its regional ones included) and of Azure's, sovereign clouds included. */
const OPENAI_HOSTS = /^(?:(?:[a-z0-9-]+\.)?api\.openai\.com|[a-z0-9-]+\.openai\.azure\.(?:com|us))$/;

/**
 * What is known of the server at an address that speaks Chat Completions. OpenAI's reasoning models take
 * `max_completion_tokens` only (OpenAI API reference, Chat Completions); most compatible servers know `max_tokens` only, or
 * both. `max_tokens_field` is the operator's word, which beats any guess.
 */
export function endpointTraits(
  base_url: string,
  max_tokens_field?: EndpointTraits['max_tokens_field'],
): EndpointTraits {
  const url = URL.parse(base_url);
  const is_openai = url !== null && OPENAI_HOSTS.test(url.hostname);
  return { is_openai, max_tokens_field: max_tokens_field ?? (is_openai ? 'max_completion_tokens' : 'max_tokens') };
}
