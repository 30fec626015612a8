import type { StageSummary } from '@atp-router/call';
import type { Usage } from '@atp-router/kernel';

/** What the client is told of an attempt whose provider reported no usage: what it is billed for. */
export function countedUsage({ in_tokens, out_tokens }: StageSummary): Usage {
  return { in_tokens, out_tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
}
