import type { PromptUsage } from '@atp-router/dialects';
import { plausibleUsage, type Usage, ZERO_USAGE } from '@atp-router/kernel';
import type { Attempt } from './attempt.ts';
import type { EngineEnv } from './env.ts';

/** Output tokens between two progress events: what a crash can leave unaccounted. */
const PROGRESS_TOKENS = 256;

/** Output so far. What a provider thinks is often seen in its reports alone. */
export function outTokens(attempt: Attempt): number {
  return Math.max(attempt.usage?.out_tokens ?? 0, attempt.counted_out_tokens);
}

/** What has been reported of an answer that is not whole; of the prompt alone when there is nothing more. */
export function reportedSoFar(attempt: Attempt): Usage | undefined {
  const { usage } = attempt;
  if (usage !== undefined) return usage;
  const prompt = promptOf(attempt);
  return prompt && { ...ZERO_USAGE, ...prompt };
}

function promptOf({ usage, relay }: Attempt): PromptUsage | undefined {
  return usage ?? plausibleUsage(relay?.prompt);
}

/** Journals what a crash should not take: so much more output, or a prompt that is not what the journal says. */
export function noteProgress(attempt: Attempt, call_id: string, log: Pick<EngineEnv['log'], 'append'>): void {
  const { journaled, spec } = attempt;
  const out_tokens = outTokens(attempt);
  const prompt = promptOf(attempt);
  const is_further = out_tokens - journaled.out_tokens >= PROGRESS_TOKENS;
  // The end of the call, which is near, tells the prompt of a whole answer.
  const is_news = prompt !== undefined && !attempt.is_complete && !isSame(prompt, journaled.prompt, spec.in_tokens);
  if (!is_further && !is_news) return;
  attempt.journaled = { out_tokens, prompt };
  const reported = reportedSoFar(attempt);
  const counted = { call_id, n: spec.n, out_tokens: attempt.counted_out_tokens };
  log.append({ type: 'attempt.progress', ...counted, ...(reported !== undefined && { reported }) });
}

function isSame(prompt: PromptUsage, known: PromptUsage | undefined, estimated: number): boolean {
  return (
    prompt.in_tokens === (known?.in_tokens ?? estimated) &&
    prompt.cached_in_tokens === (known?.cached_in_tokens ?? 0) &&
    prompt.cache_write_tokens === (known?.cache_write_tokens ?? 0)
  );
}
