import type { JsonObject } from '@atp-router/kernel';
import type { GenRequest, Message, Reasoning, ThinkingPart } from '../model.ts';
import { budgetFor, effortFor } from '../reasoning.ts';
import type { Translation } from '../translation.ts';

/** Least thinking budget that the API accepts; a budget must also stay below `max_tokens`. */
const BUDGET_TOKENS_MIN = 1_024;

/** What goes into `thinking` and into `output_config.effort`. */
interface ThinkingFields {
  readonly thinking?: JsonObject;
  readonly effort?: string;
}

/**
 * Claude up to 4.5, and the other makers' models that speak this shape, think on a fixed token budget. Claude from 4.6 on
 * decides itself (`adaptive`), steered by effort; from 4.7 on it refuses a budget. (Source: Anthropic, "Extended
 * thinking" and "Adaptive thinking"; the names follow `claude-<family>-<major>-<minor>` or `claude-<major>-<minor>-<family>`.)
 */
export function thinksOnBudget(model: string): boolean {
  const at = model.toLowerCase().indexOf('claude');
  if (at < 0) return true;
  const version = /^claude-(?:[a-z]+-)?v?(\d+)(?:[-.](\d{1,2})(?!\d))?/.exec(model.slice(at).toLowerCase());
  if (version === null) return false;
  const major = Number(version[1]);
  return major < 4 || (major === 4 && Number(version[2] ?? 0) <= 5);
}

/** Reasoning wishes in the words of this shape. `model` is the upstream's, `max_tokens` what will be sent. */
export function encodeThinking(request: GenRequest, model: string, max_tokens: number, t: Translation): ThinkingFields {
  const reasoning = request.reasoning;
  if (reasoning === undefined) return {};
  if (request.source === 'anthropic-messages') return encodeOwn(request, reasoning, max_tokens, t);
  const effort = effortFor(reasoning);
  if (effort === undefined) return {};
  const manual = thinksOnBudget(model);
  if (effort === 'none') return manual ? {} : { thinking: { type: 'disabled' } };
  // Thinking cannot be combined with a forced tool call; effort can.
  const forced = request.tool_choice?.type === 'required' || request.tool_choice?.type === 'tool';
  if (manual) return forced ? tooTight(t) : encodeBudget(request, reasoning, max_tokens, t);
  if (reasoning.budget_tokens !== undefined) t.ignore('reasoning_budget');
  const level = effort === 'minimal' ? 'low' : effort;
  if (forced) return { effort: level };
  return { thinking: { type: 'adaptive', ...display(reasoning) }, effort: level };
}

function encodeOwn(request: GenRequest, reasoning: Reasoning, max_tokens: number, t: Translation): ThinkingFields {
  const effort = reasoning.effort === undefined ? {} : { effort: reasoning.effort };
  if (reasoning.adaptive === true) return { thinking: { type: 'adaptive', ...display(reasoning) }, ...effort };
  if (reasoning.budget_tokens === undefined) return effort;
  if (reasoning.budget_tokens === 0) return { thinking: { type: 'disabled' }, ...effort };
  const budget_tokens = fitBudget(reasoning.budget_tokens, max_tokens);
  const lost = lacksThinking(request.messages, (turn) => turn.parts.some((part) => part.type === 'thinking'));
  if (budget_tokens === undefined || lost) return { ...tooTight(t), ...effort };
  return { thinking: { type: 'enabled', budget_tokens, ...display(reasoning) }, ...effort };
}

function encodeBudget(request: GenRequest, reasoning: Reasoning, max_tokens: number, t: Translation): ThinkingFields {
  const wanted = Math.max(BUDGET_TOKENS_MIN, budgetFor(reasoning) ?? 0);
  // An effort is no number that the client chose, so a fifth of the output is left for the answer.
  const room = reasoning.budget_tokens === undefined ? Math.max(BUDGET_TOKENS_MIN + 1, max_tokens * 0.8) : max_tokens;
  const budget_tokens = max_tokens <= BUDGET_TOKENS_MIN ? undefined : fitBudget(wanted, Math.floor(room));
  if (budget_tokens === undefined || lacksThinking(request.messages)) return tooTight(t);
  return { thinking: { type: 'enabled', budget_tokens, ...display(reasoning) } };
}

/** The budget that fits below `max_tokens`; undefined when not even the least does. */
export function fitBudget(budget_tokens: number, max_tokens: number): number | undefined {
  if (budget_tokens < max_tokens) return budget_tokens;
  return max_tokens > BUDGET_TOKENS_MIN ? max_tokens - 1 : undefined;
}

/** The request goes out without thinking, because the provider would refuse it with. */
function tooTight(t: Translation): ThinkingFields {
  t.ignore('reasoning_effort');
  return {};
}

function display(reasoning: Reasoning): JsonObject {
  if (reasoning.include === undefined) return {};
  return { display: reasoning.include ? 'summarized' : 'omitted' };
}

/**
 * With a thinking budget, the turn that tool results answer must begin with its signed thinking. After a fallback from
 * another shape it does not, and the provider would refuse the request.
 */
function lacksThinking(messages: readonly Message[], matters: (turn: Message) => boolean = () => true): boolean {
  const turn = messages.at(-2);
  if (turn?.role !== 'assistant' || !messages.at(-1)?.parts.some((part) => part.type === 'tool_result')) return false;
  const first = turn.parts[0];
  return !(first?.type === 'thinking' && isUsable(first)) && matters(turn);
}

/** Whether the provider takes this thinking back: it made it, and can tell that it did. */
export function isUsable(part: ThinkingPart): boolean {
  return part.origin === 'anthropic-messages' && (part.redacted !== undefined || (part.signature ?? '') !== '');
}
