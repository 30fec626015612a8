import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { EncodeContext } from '../dialect.ts';
import type { GenRequest, Reasoning, ReasoningEffort } from '../model.ts';
import { budgetFor, effortFor } from '../reasoning.ts';
import type { Translation } from '../translation.ts';
import type { ModelTraits } from './models.ts';
import { encodeSchema } from './schema.ts';

type Fields = Record<string, JsonValue | undefined>;

/** `generationConfig` with only those fields that the client or the router set. */
export function encodeGenerationConfig(
  request: GenRequest,
  ctx: EncodeContext,
  traits: ModelTraits,
  t: Translation,
): JsonObject {
  const out: Fields = {};
  const set = (key: string, value: JsonValue | undefined): void => {
    if (value !== undefined) out[key] = value;
  };
  set('maxOutputTokens', ctx.max_output_tokens ?? request.max_output_tokens);
  set('temperature', request.temperature);
  set('topP', request.top_p);
  set('topK', request.top_k);
  if (request.stop.length > 0) set('stopSequences', request.stop);
  set('seed', request.seed);
  if (request.n !== 1) set('candidateCount', request.n);
  set('frequencyPenalty', request.frequency_penalty);
  set('presencePenalty', request.presence_penalty);
  if (request.logit_bias !== undefined && Object.keys(request.logit_bias).length > 0) t.allows('logit_bias');
  if (request.logprobs !== undefined) {
    out['responseLogprobs'] = true;
    if (request.logprobs.top > 0) out['logprobs'] = request.logprobs.top;
  }
  const format = request.response_format;
  if (format !== undefined && format.type !== 'text') {
    out['responseMimeType'] = 'application/json';
    if (format.type === 'json_schema') out['responseJsonSchema'] = encodeSchema(format.schema);
  }
  if (request.reasoning !== undefined) set('thinkingConfig', encodeThinking(request.reasoning, traits));
  return out;
}

function encodeThinking(reasoning: Reasoning, traits: ModelTraits): JsonObject | undefined {
  const amount = traits.thinks_by_level ? thinkingLevel(reasoning, traits) : thinkingBudget(reasoning, traits);
  const out: JsonObject = { ...amount, ...(reasoning.include === true ? { includeThoughts: true } : {}) };
  return Object.keys(out).length === 0 ? undefined : out;
}

const LEVELS: Readonly<Record<ReasoningEffort, string>> = {
  none: 'minimal',
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

function thinkingLevel(reasoning: Reasoning, traits: ModelTraits): JsonObject {
  const effort = effortFor(reasoning);
  if (effort === undefined) return {};
  const level = LEVELS[effort];
  return { thinkingLevel: level === 'minimal' && traits.always_thinks ? 'low' : level };
}

/** Smallest budget of the models that cannot stop thinking (Gemini 2.5 Pro). */
const BUDGET_MIN_ALWAYS = 128;

function thinkingBudget(reasoning: Reasoning, traits: ModelTraits): JsonObject {
  const budget = budgetFor(reasoning);
  // -1: the model decides.
  if (budget === undefined) return reasoning.adaptive === true ? { thinkingBudget: -1 } : {};
  const floor = traits.always_thinks ? BUDGET_MIN_ALWAYS : 0;
  return { thinkingBudget: Math.max(floor, Math.min(traits.budget_max, budget)) };
}
