import { isJsonObject } from '@atp-router/kernel';
import type { GenRequest, Reasoning, ReasoningEffort } from './model.ts';

/**
 * Effort words and thinking-token budgets translate into each other by this one table, so that a request that crosses
 * shapes twice ends where it began. The steps follow what the providers document for their own conversions.
 */
const STEPS: readonly (readonly [ReasoningEffort, number])[] = [
  ['none', 0],
  ['minimal', 512],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 24_576],
  ['xhigh', 32_768],
  ['max', 65_536],
];

/** The effort that was asked for, or the one whose budget is nearest at or above the token budget. */
export function effortFor(reasoning: Reasoning): ReasoningEffort | undefined {
  if (reasoning.effort !== undefined) return reasoning.effort;
  const budget = reasoning.budget_tokens;
  if (budget === undefined) return undefined;
  for (const [effort, tokens] of STEPS) if (budget <= tokens) return effort;
  return 'max';
}

/** The token budget that was asked for, or the one that stands for the effort. */
export function budgetFor(reasoning: Reasoning): number | undefined {
  if (reasoning.budget_tokens !== undefined) return reasoning.budget_tokens;
  const step = STEPS.find(([effort]) => effort === reasoning.effort);
  return step?.[1];
}

const SUMMARY: ReadonlySet<string> = new Set(['summary', 'generate_summary']);
const REASONING: ReadonlySet<string> = new Set(['reasoning']);
const NOTHING: ReadonlySet<string> = new Set();

/** The rest of a Responses client's `reasoning` where the thinking is shown, as its summary asks; else that has no effect. */
export function saidByShowing(request: GenRequest, is_shown: boolean): ReadonlySet<string> {
  const rest = request.extra['reasoning'];
  const is_summary = isJsonObject(rest) && Object.keys(rest).every((key) => SUMMARY.has(key));
  return is_shown && is_summary && request.source === 'openai-responses' ? REASONING : NOTHING;
}
