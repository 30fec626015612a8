import { type JsonObject, type Usage, isJsonObject } from '@atp-router/kernel';
import { part, tokens, usable } from '../usage-count.ts';

/**
 * `usage` of Chat Completions and Embeddings; undefined when it is absent or empty. Compatible servers differ: some count
 * reasoning beside the completion and not within it (xAI; Google's compatible endpoint names it in the total alone), some
 * tell cached input at the top (DeepSeek `prompt_cache_hit_tokens`, Moonshot `cached_tokens`).
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value) || typeof value['prompt_tokens'] !== 'number') return undefined;
  const prompt = isJsonObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : undefined;
  const completion = isJsonObject(value['completion_tokens_details']) ? value['completion_tokens_details'] : undefined;
  const in_tokens = tokens(value, 'prompt_tokens');
  const completion_tokens = tokens(value, 'completion_tokens');
  const reasoning_tokens = part(completion, 'reasoning_tokens');
  const beside = Math.max(0, part(value, 'total_tokens') - in_tokens - completion_tokens);
  // More reasoning than completion cannot be within it, whatever the total says.
  const uncounted = beside === 0 && reasoning_tokens > completion_tokens ? reasoning_tokens : beside;
  const out_tokens = completion_tokens + uncounted;
  const cached = Math.max(
    part(prompt, 'cached_tokens'),
    part(value, 'prompt_cache_hit_tokens'),
    part(value, 'cached_tokens'),
  );
  const cached_in_tokens = Math.min(in_tokens, cached);
  return usable({
    in_tokens,
    out_tokens,
    cached_in_tokens,
    cache_write_tokens: Math.min(in_tokens - cached_in_tokens, part(prompt, 'cache_write_tokens')),
    reasoning_tokens: Math.min(out_tokens, Math.max(reasoning_tokens, uncounted)),
  });
}

export function encodeUsage(usage: Usage): JsonObject {
  return {
    prompt_tokens: usage.in_tokens,
    completion_tokens: usage.out_tokens,
    total_tokens: usage.in_tokens + usage.out_tokens,
    prompt_tokens_details: { cached_tokens: usage.cached_in_tokens, cache_write_tokens: usage.cache_write_tokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
  };
}
