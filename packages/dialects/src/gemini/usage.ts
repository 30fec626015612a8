import { isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';

function count(o: JsonObject, key: string): number {
  const v = o[key];
  return typeof v === 'number' && v >= 0 && Number.isSafeInteger(v) ? v : 0;
}

/**
 * `usageMetadata`: thoughts are counted beside the candidates, cached tokens within the prompt, and what hosted tools
 * fed back to the model beside the prompt. Undefined when it is absent or does not know the prompt.
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value) || typeof value['promptTokenCount'] !== 'number') return undefined;
  const in_tokens = count(value, 'promptTokenCount') + count(value, 'toolUsePromptTokenCount');
  const reasoning_tokens = count(value, 'thoughtsTokenCount');
  return {
    in_tokens,
    out_tokens: count(value, 'candidatesTokenCount') + reasoning_tokens,
    cached_in_tokens: Math.min(in_tokens, count(value, 'cachedContentTokenCount')),
    cache_write_tokens: 0,
    reasoning_tokens,
  };
}
