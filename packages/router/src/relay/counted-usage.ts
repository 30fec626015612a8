import type { StageSummary } from '@atp-router/call';
import type { PromptUsage } from '@atp-router/dialects';
import { plausibleUsage, type Usage } from '@atp-router/kernel';

/**
 * What the client is told of an attempt whose provider reported no usage, or none that can be true: what it is billed
 * for. `prompt` is what the provider said of the prompt before the answer.
 */
export function countedUsage({ in_tokens, out_tokens }: StageSummary, prompt?: PromptUsage): Usage {
  const said = plausibleUsage(prompt);
  return {
    in_tokens,
    out_tokens,
    cached_in_tokens: said?.cached_in_tokens ?? 0,
    cache_write_tokens: said?.cache_write_tokens ?? 0,
    reasoning_tokens: 0,
  };
}
