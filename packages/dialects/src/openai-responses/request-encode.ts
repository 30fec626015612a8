import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import type { GenRequest, ResponseFormat } from '../model.ts';
import { fromChat } from '../openai-chat/shared-fields.ts';
import { effortFor } from '../reasoning.ts';
import { Translation } from '../translation.ts';
import { FEATURES_OPENAI_RESPONSES } from './features.ts';
import { encodeInput } from './items-encode.ts';
import { atLeast, MAX_OUTPUT_TOKENS_MIN } from './output-limit.ts';

type Fields = Record<string, JsonValue | undefined>;

/** Extra fields that are merged into fields of their own below. */
const MERGED: ReadonlySet<string> = new Set(['text', 'reasoning', 'include', 'store', 'stream_options']);

/** Internal model → Responses body. Never stored at the provider: the router's calls do not depend on it. */
export function encodeRequest(request: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('openai-responses', FEATURES_OPENAI_RESPONSES, ctx);
  const extra = readExtra(request, t);
  const body: Fields = { model: ctx.upstream_model, input: encodeInput(request, t), store: false };
  for (const key of Object.keys(extra)) {
    if (key === 'store') t.ignore(key);
    else if (!MERGED.has(key)) body[key] = extra[key];
  }
  if (request.system.length > 0) {
    if (request.system.some((p) => p.cache !== undefined)) t.ignore('cache_markers');
    body['instructions'] = request.system.map((p) => p.text).join('\n\n');
  }
  if (ctx.stream) {
    body['stream'] = true;
    if (extra['stream_options'] !== undefined) body['stream_options'] = extra['stream_options'];
  }
  encodeTools(request, body, t);
  encodeSampling(request, body, t);
  encodeOutput(request, extra, body);
  encodeReasoning(request, extra, body, t);
  const max = ctx.max_output_tokens ?? request.max_output_tokens;
  if (max !== undefined) {
    body['max_output_tokens'] = atLeast(max);
    if (max < MAX_OUTPUT_TOKENS_MIN) t.ignore('max_output_tokens');
  }
  if (request.user !== undefined) body['user'] = request.user;
  if (request.metadata !== undefined) body['metadata'] = request.metadata;
  encodeTier(request, body, t);
  return { body, ignored: t.ignored };
}

/** Fields that the model has no place for, in the words of this shape. */
function readExtra(request: GenRequest, t: Translation): JsonObject {
  if (request.source === 'openai-responses') return request.extra;
  const { fields, said } = request.source === 'openai-chat' ? fromChat(request.extra) : { fields: {}, said: undefined };
  t.unread(request, said);
  return fields;
}

/** Tiers are names of one provider's price list; only the meaning "no premium" has a counterpart. */
function encodeTier(request: GenRequest, body: Fields, t: Translation): void {
  const tier = request.service_tier;
  if (tier === undefined) return;
  if (request.source !== 'anthropic-messages') body['service_tier'] = tier;
  else if (tier === 'standard_only') body['service_tier'] = 'default';
  else if (tier !== 'auto') t.ignore('service_tier');
}

function encodeTools(request: GenRequest, body: Fields, t: Translation): void {
  const tools: JsonValue[] = request.tools.map((tool) => {
    if (tool.cache !== undefined) t.ignore('cache_markers');
    // Strict is the default here and not in other shapes, so their silence has to be said aloud.
    const strict = tool.strict ?? (request.source === 'openai-responses' ? undefined : false);
    const own = request.source === 'openai-responses';
    if (!own) for (const key of Object.keys(tool.extra ?? {})) t.ignore(`tools.${key}`);
    return {
      ...(own ? tool.extra : {}),
      type: 'function',
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      parameters: tool.parameters,
      ...(strict === undefined ? {} : { strict }),
    };
  });
  for (const hosted of request.hosted_tools) {
    if (hosted.origin === 'openai-responses') tools.push(hosted.raw);
    else t.hosted(hosted);
  }
  if (tools.length > 0) body['tools'] = tools;
  const choice = request.tool_choice;
  if (choice !== undefined) {
    body['tool_choice'] = choice.type === 'tool' ? { type: 'function', name: choice.name } : choice.type;
  }
  if (request.parallel_tool_calls !== undefined && tools.length > 0) {
    body['parallel_tool_calls'] = request.parallel_tool_calls;
  }
}

function encodeSampling(request: GenRequest, body: Fields, t: Translation): void {
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.top_p !== undefined) body['top_p'] = request.top_p;
  if (request.top_k !== undefined) t.allows('top_k');
  if (request.stop.length > 0) t.allows('stop');
  if (request.seed !== undefined) t.allows('seed');
  if (request.n !== 1) t.allows('n');
  if (request.logit_bias !== undefined && Object.keys(request.logit_bias).length > 0) t.allows('logit_bias');
  for (const field of ['frequency_penalty', 'presence_penalty'] as const) {
    const value = request[field];
    if (value === undefined) continue;
    // Open Responses servers know the penalties, so a client of this very shape may use them.
    if (request.source === 'openai-responses') body[field] = value;
    else if (value !== 0) t.allows(field);
  }
}

function encodeOutput(request: GenRequest, extra: JsonObject, body: Fields): void {
  const include = Array.isArray(extra['include']) ? [...(extra['include'] as readonly JsonValue[])] : [];
  if (request.logprobs !== undefined) {
    include.push('message.output_text.logprobs');
    body['top_logprobs'] = request.logprobs.top;
  }
  if (include.length > 0) body['include'] = include;
  const text: Fields = isJsonObject(extra['text']) ? { ...extra['text'] } : {};
  if (request.response_format !== undefined) text['format'] = encodeFormat(request.response_format);
  if (Object.keys(text).length > 0) body['text'] = text;
}

function encodeFormat(format: ResponseFormat): JsonObject {
  if (format.type !== 'json_schema') return { type: format.type };
  return {
    type: 'json_schema',
    name: format.name,
    schema: format.schema,
    ...(format.strict === undefined ? {} : { strict: format.strict }),
    ...(format.description === undefined ? {} : { description: format.description }),
  };
}

function encodeReasoning(request: GenRequest, extra: JsonObject, body: Fields, t: Translation): void {
  const out: Fields = isJsonObject(extra['reasoning']) ? { ...extra['reasoning'] } : {};
  if (request.reasoning !== undefined) {
    if (request.reasoning.budget_tokens !== undefined) t.ignore('reasoning_budget');
    const effort = effortFor(request.reasoning);
    // Thinking switched off is Anthropic's default spelt out. OpenAI's models that do not reason refuse to be told so.
    const is_default = effort === 'none' && request.source === 'anthropic-messages';
    if (effort !== undefined && !is_default) out['effort'] = effort;
    if (effort === undefined && request.reasoning.adaptive === true) t.ignore('thinking');
    if (request.reasoning.include === true && out['generate_summary'] === undefined) out['summary'] ??= 'auto';
  }
  if (Object.keys(out).length > 0) body['reasoning'] = out;
}
