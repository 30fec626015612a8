import { AtpError, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { anthropicMessages, type EncodeContext, gemini, openaiResponses } from '@atp-router/dialects';
import type { CountTokensCodec } from './types.ts';

/** Counting asks nothing of the model, so what the shape cannot say is left out and never refused. */
function context(upstream_model: string): EncodeContext {
  return { upstream_model, stream: false, default_max_output_tokens: 1, drop: () => true };
}

function pick(body: JsonObject, keys: readonly string[]): JsonObject {
  const out: Record<string, JsonValue | undefined> = {};
  for (const key of keys) if (body[key] !== undefined) out[key] = body[key];
  return out;
}

function countOf(body: JsonObject, key: string): number {
  const count = body[key];
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw new AtpError('upstream_error', `The provider answered a token count without "${key}".`, { origin: 'remote' });
}

/** `POST /v1/messages/count_tokens` takes the fields of a message that make up its prompt (Anthropic API reference). */
const ANTHROPIC_FIELDS: readonly string[] = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'cache_control',
  'context_management',
  'mcp_servers',
];

export const anthropicCountTokens: CountTokensCodec = {
  pass: (body, model, system_prompt) =>
    anthropicMessages.passThrough.patchRequest(body, {
      model,
      include_usage: false,
      ...(system_prompt === undefined ? {} : { system_prompt }),
    }).body,
  encode: (request, model) => {
    // A count has no output limit, below which a thinking budget would have to stay.
    const room = { ...context(model), default_max_output_tokens: 100_000_000 };
    return pick(anthropicMessages.encodeRequest(request, room).body, ANTHROPIC_FIELDS);
  },
  decode: (body) => countOf(body, 'input_tokens'),
};

/** `POST /v1/responses/input_tokens` (OpenAI API reference). */
const RESPONSES_FIELDS: readonly string[] = [
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
];

export const openaiCountTokens: CountTokensCodec = {
  encode: (request, model) => pick(openaiResponses.encodeRequest(request, context(model)).body, RESPONSES_FIELDS),
  decode: (body) => countOf(body, 'input_tokens'),
};

/** `POST /v1beta/models/*:countTokens` with the whole request, so that tools and system text count (Gemini API). */
export const geminiCountTokens: CountTokensCodec = {
  encode: (request, model) => ({
    generateContentRequest: {
      model: model.includes('/') ? model : `models/${model}`,
      ...gemini.encodeRequest(request, context(model)).body,
    },
  }),
  decode: (body) => countOf(body, 'totalTokens'),
};
