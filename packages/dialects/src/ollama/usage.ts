import type { JsonObject, Usage } from '@atp-router/kernel';

/**
 * Counts of the final object. Ollama leaves fields out that are 0, but a prompt never is: without its count nothing
 * was reported, and the router counts.
 */
export function decodeUsage(body: JsonObject): Usage | undefined {
  const in_tokens = body['prompt_eval_count'];
  const out_tokens = body['eval_count'];
  if (typeof in_tokens !== 'number' || in_tokens < 0) return undefined;
  return {
    in_tokens,
    out_tokens: typeof out_tokens === 'number' && out_tokens > 0 ? out_tokens : 0,
    cached_in_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
  };
}
