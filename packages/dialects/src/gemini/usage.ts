import { isJsonObject, type Usage } from '@atp-router/kernel';
import { part, tokens, usable } from '../usage-count.ts';

/**
 * `usageMetadata`: thoughts are counted beside the candidates, cached tokens within the prompt, and what hosted tools
 * fed back to the model beside the prompt. Undefined when it is absent or does not know the prompt.
 */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value) || typeof value['promptTokenCount'] !== 'number') return undefined;
  const in_tokens = tokens(value, 'promptTokenCount') + tokens(value, 'toolUsePromptTokenCount');
  const reasoning_tokens = tokens(value, 'thoughtsTokenCount');
  return usable({
    in_tokens,
    out_tokens: tokens(value, 'candidatesTokenCount') + reasoning_tokens,
    cached_in_tokens: Math.min(in_tokens, part(value, 'cachedContentTokenCount')),
    cache_write_tokens: 0,
    reasoning_tokens,
  });
}
