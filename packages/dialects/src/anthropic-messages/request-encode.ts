import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import type { GenRequest, ResponseFormat, TextPart } from '../model.ts';
import { saidByShowing } from '../reasoning.ts';
import { hoistSystem } from '../system-messages.ts';
import { callNames } from '../tool-ids.ts';
import { Translation } from '../translation.ts';
import { cacheControl, encodeMessages } from './content-encode.ts';
import { FEATURES_ANTHROPIC_MESSAGES } from './features.ts';
import { encodeThinking } from './thinking.ts';

type Fields = Record<string, JsonValue | undefined>;

const JSON_INSTRUCTION = 'Answer with one valid JSON object and nothing else.';

/** Internal model → Messages body. */
export function encodeRequest(wanted: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('anthropic-messages', FEATURES_ANTHROPIC_MESSAGES, ctx);
  const own = wanted.source === 'anthropic-messages';
  // Models and versions that take a system message within the conversation are new: only who writes one knows of it.
  const request = own ? wanted : hoistSystem(wanted, t);
  const max_tokens = maxTokens(request, ctx);
  const { thinking, effort } = encodeThinking(request, ctx.upstream_model, max_tokens, t);
  const body: Fields = {
    ...(own ? request.extra : {}),
    model: ctx.upstream_model,
    max_tokens,
    ...encodeSystem(request),
    messages: encodeMessages(request, t),
  };
  if (ctx.stream) body['stream'] = true;
  if (thinking !== undefined) body['thinking'] = thinking;
  encodeOutputConfig(request, effort, body);
  encodeTools(request, body, t);
  const thinks = thinking !== undefined && thinking['type'] !== 'disabled';
  encodeSampling(request, thinks, body, t);
  refuseForeign(request, t);
  encodeHints(request, body, t);
  if (!own) t.unread(request, saidByShowing(request, thinks));
  return { body, ignored: t.ignored };
}

/** The budget may lower what the client asked for and never raises it; without either the default is sent. */
function maxTokens(request: GenRequest, ctx: EncodeContext): number {
  const wanted = request.max_output_tokens ?? ctx.default_max_output_tokens;
  return Math.min(wanted, ctx.max_output_tokens ?? wanted);
}

function encodeSystem(request: GenRequest): JsonObject {
  const parts: TextPart[] = request.system.filter((part) => part.text.trim() !== '');
  if (request.response_format?.type === 'json_object') parts.push({ type: 'text', text: JSON_INSTRUCTION });
  const only = parts[0];
  if (only === undefined) return {};
  if (parts.length === 1 && only.cache === undefined) return { system: only.text };
  return { system: parts.map((part) => ({ type: 'text', text: part.text, ...cacheControl(part.cache) })) };
}

function encodeOutputConfig(request: GenRequest, effort: string | undefined, body: Fields): void {
  const unread = isJsonObject(body['output_config']) ? body['output_config'] : {};
  const format = request.response_format;
  const config = {
    ...unread,
    ...(effort === undefined ? {} : { effort }),
    ...(format?.type === 'json_schema' ? { format: encodeFormat(format, request) } : {}),
  };
  if (Object.keys(config).length > 0) body['output_config'] = config;
}

function encodeFormat(format: ResponseFormat & { type: 'json_schema' }, request: GenRequest): JsonObject {
  const schema = request.source === 'anthropic-messages' ? format.schema : closeObjects(format.schema);
  return { type: 'json_schema', schema: schema as JsonObject };
}

/** Keywords whose values are data and not schemas. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'example', 'examples']);

/**
 * The API takes only schemas whose objects say `additionalProperties: false`, which others leave open when they do not
 * insist on a strict answer. An answer to the closed schema also satisfies the open one.
 */
function closeObjects(schema: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(schema)) return schema.map((value) => closeObjects(value as JsonValue) ?? null);
  if (!isJsonObject(schema)) return schema;
  const out: Fields = {};
  for (const [key, value] of Object.entries(schema)) out[key] = DATA_KEYWORDS.has(key) ? value : closeObjects(value);
  if (schema['type'] === 'object' && schema['additionalProperties'] === undefined) out['additionalProperties'] = false;
  return out;
}

function encodeTools(request: GenRequest, body: Fields, t: Translation): void {
  const own = request.source === 'anthropic-messages';
  const tools: JsonObject[] = request.tools.map((tool) => {
    if (!own) for (const key of Object.keys(tool.extra ?? {})) t.ignore(`tools.${key}`);
    return {
      ...(own ? tool.extra : {}),
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      input_schema: tool.parameters['type'] === undefined ? { type: 'object', ...tool.parameters } : tool.parameters,
      ...(tool.strict === undefined ? {} : { strict: tool.strict }),
      ...cacheControl(tool.cache),
    };
  });
  for (const tool of request.hosted_tools) {
    if (tool.origin === 'anthropic-messages') tools.push(tool.raw);
    else t.hosted(tool);
  }
  if (tools.length === 0 && !own) {
    // A conversation with tool calls must declare tools even when none may be called any more.
    const names = [...new Set(callNames(request).values())];
    if (names.length > 0) {
      body['tools'] = names.map((name) => ({ name, input_schema: { type: 'object' } }));
      body['tool_choice'] = { type: 'none' };
      return;
    }
  }
  if (tools.length > 0) body['tools'] = tools;
  encodeToolChoice(request, tools.length > 0, body);
}

const CHOICE = { auto: 'auto', none: 'none', required: 'any', tool: 'tool' } as const;

function encodeToolChoice(request: GenRequest, has_tools: boolean, body: Fields): void {
  const choice = request.tool_choice;
  const parallel = request.parallel_tool_calls;
  // Without tools these choices say nothing, and the provider refuses them.
  if (!has_tools && (choice === undefined || choice.type === 'auto' || choice.type === 'none')) return;
  if (choice === undefined && parallel !== false) return;
  const type = choice?.type ?? 'auto';
  body['tool_choice'] = {
    type: CHOICE[type],
    ...(choice?.type === 'tool' ? { name: choice.name } : {}),
    ...(parallel === undefined || type === 'none' ? {} : { disable_parallel_tool_use: !parallel }),
  };
}

function encodeSampling(request: GenRequest, thinks: boolean, body: Fields, t: Translation): void {
  const own = request.source === 'anthropic-messages';
  const { temperature, top_p, top_k } = request;
  // A default that others spell out is left out: the newest models refuse these fields altogether.
  if (temperature !== undefined && (own || temperature !== 1)) {
    if (!own && temperature > 1) t.refuse('temperature', 'Messages takes values from 0 to 1.');
    else if (!own && thinks) t.refuse('temperature', 'it cannot be combined with thinking.');
    else body['temperature'] = temperature;
  }
  if (top_p !== undefined && (own || top_p !== 1)) {
    if (!own && thinks && top_p < 0.95) t.refuse('top_p', 'below 0.95 it cannot be combined with thinking.');
    else body['top_p'] = top_p;
  }
  if (top_k !== undefined) {
    if (!own && thinks) t.refuse('top_k', 'it cannot be combined with thinking.');
    else body['top_k'] = top_k;
  }
  const stop = request.stop.filter((text) => text.trim() !== '');
  if (stop.length < request.stop.length) t.refuse('stop', 'a stop sequence of white space alone is not accepted.');
  if (stop.length > 0) body['stop_sequences'] = stop;
}

/** What this shape cannot say; values that change nothing are passed over in silence. */
function refuseForeign(request: GenRequest, t: Translation): void {
  if (request.n !== 1) t.allows('n');
  if (request.seed !== undefined) t.allows('seed');
  if ((request.frequency_penalty ?? 0) !== 0) t.allows('frequency_penalty');
  if ((request.presence_penalty ?? 0) !== 0) t.allows('presence_penalty');
  if (request.logit_bias !== undefined && Object.keys(request.logit_bias).length > 0) t.allows('logit_bias');
  if (request.logprobs !== undefined) t.allows('logprobs');
}

function encodeHints(request: GenRequest, body: Fields, t: Translation): void {
  const own = request.source === 'anthropic-messages';
  if (request.metadata !== undefined && !own) t.allows('metadata');
  if (request.user !== undefined || (own && request.metadata !== undefined)) {
    body['metadata'] = {
      ...(own ? request.metadata : {}),
      ...(request.user === undefined ? {} : { user_id: request.user }),
    };
  }
  const tier = request.service_tier;
  if (tier === undefined) return;
  if (own) body['service_tier'] = tier;
  else if (tier === 'default') body['service_tier'] = 'standard_only';
  else if (tier !== 'auto') t.ignore('service_tier');
}
