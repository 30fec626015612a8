import type { JsonObject, Usage } from '@atp-router/kernel';
import { tokens, usable } from '../usage-count.ts';

/**
 * Counts of the final object. Ollama leaves fields out that are 0, but a prompt never is: without its count nothing
 * was reported, and the router counts.
 */
export function decodeUsage(body: JsonObject): Usage | undefined {
  if (typeof body['prompt_eval_count'] !== 'number') return undefined;
  return usable({
    in_tokens: tokens(body, 'prompt_eval_count'),
    out_tokens: tokens(body, 'eval_count'),
    cached_in_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
  });
}
