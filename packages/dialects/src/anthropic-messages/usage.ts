import { isJsonObject, type JsonObject, type JsonValue, type Usage } from '@atp-router/kernel';
import { part, tokens, usable } from '../usage-count.ts';

/**
 * `usage` of Messages. Anthropic's `input_tokens` leaves out what was read from and written to the cache, the model's
 * `in_tokens` contains both. Undefined when the provider did not report it.
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value) || typeof value['output_tokens'] !== 'number') return undefined;
  const cached_in_tokens = tokens(value, 'cache_read_input_tokens');
  const cache_write_tokens = tokens(value, 'cache_creation_input_tokens');
  const out_tokens = tokens(value, 'output_tokens');
  const details = isJsonObject(value['output_tokens_details']) ? value['output_tokens_details'] : undefined;
  return usable({
    in_tokens: tokens(value, 'input_tokens') + cached_in_tokens + cache_write_tokens,
    out_tokens,
    cached_in_tokens,
    cache_write_tokens,
    reasoning_tokens: Math.min(out_tokens, part(details, 'thinking_tokens')),
  });
}

/** Counters are cumulative and left out where they do not apply, so a later report overrides field by field. */
export function mergeUsage(earlier: JsonObject, later: unknown): JsonObject {
  if (!isJsonObject(later)) return earlier;
  const out: Record<string, JsonValue | undefined> = { ...earlier };
  for (const [key, value] of Object.entries(later)) if (value !== null && value !== undefined) out[key] = value;
  return out;
}

/** The counters of a `message_delta`; zero when the provider told nothing, because clients read them unconditionally. */
export function encodeUsage(usage: Usage | undefined): JsonObject {
  const cached = usage?.cached_in_tokens ?? 0;
  const written = usage?.cache_write_tokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.in_tokens ?? 0) - cached - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: usage?.out_tokens ?? 0,
    output_tokens_details: { thinking_tokens: usage?.reasoning_tokens ?? 0 },
    server_tool_use: null,
  };
}

/** `usage` of a whole message, which has more fields than a `message_delta`. */
export function encodeMessageUsage(usage: Usage | undefined): JsonObject {
  return { ...encodeUsage(usage), cache_creation: null, inference_geo: null, service_tier: null, speed: null };
}
