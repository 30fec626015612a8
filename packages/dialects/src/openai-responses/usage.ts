import { isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';
import { part, tokens, usable } from '../usage-count.ts';

/** `usage` of a Response; undefined when it is absent or empty. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value) || typeof value['input_tokens'] !== 'number') return undefined;
  const input = isJsonObject(value['input_tokens_details']) ? value['input_tokens_details'] : undefined;
  const output = isJsonObject(value['output_tokens_details']) ? value['output_tokens_details'] : undefined;
  const in_tokens = tokens(value, 'input_tokens');
  const out_tokens = tokens(value, 'output_tokens');
  const cached_in_tokens = Math.min(in_tokens, part(input, 'cached_tokens'));
  return usable({
    in_tokens,
    out_tokens,
    cached_in_tokens,
    cache_write_tokens: Math.min(in_tokens - cached_in_tokens, part(input, 'cache_write_tokens')),
    reasoning_tokens: Math.min(out_tokens, part(output, 'reasoning_tokens')),
  });
}

export function encodeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.in_tokens,
    input_tokens_details: { cached_tokens: usage.cached_in_tokens, cache_write_tokens: usage.cache_write_tokens },
    output_tokens: usage.out_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning_tokens },
    total_tokens: usage.in_tokens + usage.out_tokens,
  };
}
