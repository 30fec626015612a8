import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { EncodeContext, EncodedRequest } from '../dialect.ts';
import { OPENAI_TRAITS } from '../endpoint-traits.ts';
import type { GenRequest, Message, Part, TextPart, ToolResultPart } from '../model.ts';
import { effortFor } from '../reasoning.ts';
import { textsOf } from '../system-messages.ts';
import { Translation } from '../translation.ts';
import { FEATURES_OPENAI_CHAT } from './features.ts';
import { reasoningNeeded } from './past-reasoning.ts';
import { fromResponses } from './shared-fields.ts';

type Fields = Record<string, JsonValue | undefined>;

/** Internal model → Chat Completions body. */
export function encodeRequest(request: GenRequest, ctx: EncodeContext): EncodedRequest {
  const t = new Translation('openai-chat', FEATURES_OPENAI_CHAT, ctx);
  return { body: encodeBody(request, encodeExtra(request, ctx, t), ctx, t), ignored: t.ignored };
}

/** The body, also for shapes that are this one in their messages and tools. `extra`: fields that go on as they are. */
export function encodeBody(request: GenRequest, extra: JsonObject, ctx: EncodeContext, t: Translation): JsonObject {
  const body: Fields = {
    ...extra,
    model: ctx.upstream_model,
    messages: encodeMessages(request, ctx, t),
  };
  if (ctx.stream) {
    body['stream'] = true;
    body['stream_options'] = { include_usage: true };
  }
  encodeTools(request, body, t);
  encodeSampling(request, body, t);
  encodeMaxTokens(request, ctx, body, t);
  encodeFormat(request, body);
  if (request.user !== undefined) body['user'] = request.user;
  encodeMetadata(request, body, t);
  encodeTier(request, body, t);
  return body;
}

/** Fields that the model has no place for. Compatible servers may refuse what only OpenAI has. */
function encodeExtra(request: GenRequest, ctx: EncodeContext, t: Translation): JsonObject {
  const { source, extra } = request;
  if (source === 'openai-chat') return withoutLegacy(extra, t);
  const is_shared = source === 'openai-responses' && (ctx.endpoint ?? OPENAI_TRAITS).is_openai;
  const { fields, said } = is_shared ? fromResponses(extra) : { fields: {}, said: undefined };
  t.unread(request, said);
  return fields;
}

/** What these call comes back in a field that is read by nobody: only an answer that is relayed as it is has it. */
function withoutLegacy({ functions, function_call, ...extra }: JsonObject, t: Translation): JsonObject {
  for (const [field, value] of Object.entries({ functions, function_call })) {
    if (value !== undefined && value !== null) t.refuse(field, '"tools" and "tool_choice" superseded it.');
  }
  return extra;
}

/**
 * Only a client of this shape can mean it: OpenAI takes metadata with `store: true` alone and refuses it otherwise ("The
 * 'metadata' parameter is only allowed when 'store' is enabled"), and the router has nothing stored.
 */
function encodeMetadata(request: GenRequest, body: Fields, t: Translation): void {
  if (request.metadata === undefined) return;
  if (request.source === 'openai-chat') body['metadata'] = request.metadata;
  else t.allows('metadata');
}

/** The budget may lower what the client asked for and never raises it. */
function encodeMaxTokens(request: GenRequest, ctx: EncodeContext, body: Fields, t: Translation): void {
  const wanted = request.max_output_tokens ?? Number.POSITIVE_INFINITY;
  const max = Math.min(wanted, ctx.max_output_tokens ?? Number.POSITIVE_INFINITY);
  // Anthropic fills its prompt cache by a request for no output.
  if (max === 0) t.refuse('max_output_tokens', 'a request for no output at all is not accepted.');
  else if (max < Number.POSITIVE_INFINITY) body[(ctx.endpoint ?? OPENAI_TRAITS).max_tokens_field] = max;
}

/** Tiers are names of one provider's price list; only the meaning "no premium" has a counterpart. */
function encodeTier(request: GenRequest, body: Fields, t: Translation): void {
  const tier = request.service_tier;
  if (tier === undefined) return;
  if (request.source === 'openai-chat' || request.source === 'openai-responses') body['service_tier'] = tier;
  else if (tier === 'standard_only') body['service_tier'] = 'default';
  else if (tier !== 'auto') t.ignore('service_tier');
}

/** Custom tools are called in a field of their own, which is read by nobody: only an answer that is relayed as it is has it. */
function encodeHosted(request: GenRequest, body: Fields, t: Translation): JsonValue[] {
  const out: JsonValue[] = [];
  for (const tool of request.hosted_tools) {
    if (tool.origin !== 'openai-chat' || tool.type === 'custom') t.hosted(tool);
    else if (tool.type === 'web_search_options') body['web_search_options'] = tool.raw;
    else out.push(tool.raw);
  }
  return out;
}

function encodeTools(request: GenRequest, body: Fields, t: Translation): void {
  const hosted = encodeHosted(request, body, t);
  if (request.tools.length > 0 || hosted.length > 0) {
    const functions = request.tools.map((tool) => {
      if (tool.cache !== undefined) t.ignore('cache_markers');
      for (const key of Object.keys(tool.extra ?? {})) t.ignore(`tools.${key}`);
      return {
        type: 'function',
        function: {
          name: tool.name,
          ...(tool.description === undefined ? {} : { description: tool.description }),
          parameters: tool.parameters,
          ...(tool.strict === undefined ? {} : { strict: tool.strict }),
        },
      };
    });
    body['tools'] = [...functions, ...hosted];
  }
  const choice = request.tool_choice;
  // Without tools these choices say nothing, and OpenAI refuses them.
  const idle = body['tools'] === undefined && (choice?.type === 'auto' || choice?.type === 'none');
  if (choice !== undefined && !idle) {
    body['tool_choice'] = choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type;
  }
  if (request.parallel_tool_calls !== undefined && body['tools'] !== undefined) {
    body['parallel_tool_calls'] = request.parallel_tool_calls;
  }
}

function encodeSampling(request: GenRequest, body: Fields, t: Translation): void {
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.top_p !== undefined) body['top_p'] = request.top_p;
  if (request.top_k !== undefined) {
    // Many compatible servers know top_k, so a client of this very shape may use it.
    if (request.source === 'openai-chat') body['top_k'] = request.top_k;
    else t.allows('top_k');
  }
  if (request.stop.length > 0) body['stop'] = request.stop;
  if (request.seed !== undefined) body['seed'] = request.seed;
  if (request.n !== 1) body['n'] = request.n;
  if (request.frequency_penalty !== undefined) body['frequency_penalty'] = request.frequency_penalty;
  if (request.presence_penalty !== undefined) body['presence_penalty'] = request.presence_penalty;
  if (request.logit_bias !== undefined) body['logit_bias'] = request.logit_bias;
  if (request.logprobs !== undefined) {
    body['logprobs'] = true;
    if (request.logprobs.top > 0) body['top_logprobs'] = request.logprobs.top;
  }
  if (request.reasoning !== undefined) {
    if (request.reasoning.budget_tokens !== undefined) t.ignore('reasoning_budget');
    const effort = effortFor(request.reasoning);
    // Thinking switched off is Anthropic's default spelt out. OpenAI's models that do not reason refuse to be told so.
    const is_default = effort === 'none' && request.source === 'anthropic-messages';
    if (effort !== undefined && !is_default) body['reasoning_effort'] = effort;
    if (effort === undefined && request.reasoning.adaptive === true) t.ignore('thinking');
  }
}

function encodeFormat(request: GenRequest, body: Fields): void {
  const format = request.response_format;
  if (format === undefined) return;
  body['response_format'] =
    format.type === 'json_schema'
      ? {
          type: 'json_schema',
          json_schema: {
            name: format.name,
            schema: format.schema,
            ...(format.strict === undefined ? {} : { strict: format.strict }),
            ...(format.description === undefined ? {} : { description: format.description }),
          },
        }
      : { type: format.type };
}

function encodeMessages(request: GenRequest, ctx: EncodeContext, t: Translation): JsonValue[] {
  const out: JsonValue[] = [];
  const needed = (ctx.endpoint ?? OPENAI_TRAITS).is_openai ? new Set<number>() : reasoningNeeded(request.messages);
  encodeSystem(request.system, out, t);
  request.messages.forEach((message, i) => {
    if (message.role === 'assistant') out.push(...encodeAssistant(message, needed.has(i), t));
    else if (message.role === 'system') encodeSystem(textsOf(message), out, t);
    else encodeUser(message, out, t);
  });
  return out;
}

function encodeSystem(parts: readonly TextPart[], out: JsonValue[], t: Translation): void {
  if (parts.length === 0) return;
  for (const part of parts) noteCache(part, t);
  out.push({ role: 'system', content: parts.map((p) => p.text).join('\n\n') });
}

/** Tool results come first: Chat Completions wants them right after the calls they answer. */
function encodeUser(message: Message, out: JsonValue[], t: Translation): void {
  const others: Part[] = [];
  for (const part of message.parts) {
    if (part.type === 'tool_result') out.push(encodeToolResult(part, t));
    else others.push(part);
  }
  if (others.length === 0) return;
  const only = others[0];
  const name = message.name === undefined ? {} : { name: message.name };
  if (others.length === 1 && only?.type === 'text') {
    noteCache(only, t);
    out.push({ role: 'user', content: only.text, ...name });
    return;
  }
  const content = others.map((p) => encodePart(p, t)).filter((p) => p !== undefined);
  if (content.length > 0) out.push({ role: 'user', content, ...name });
}

function noteCache(part: Part, t: Translation): void {
  if ('cache' in part && part.cache !== undefined) t.ignore('cache_markers');
}

function encodeToolResult(part: ToolResultPart, t: Translation): JsonObject {
  noteCache(part, t);
  if (part.content.some((c) => c.type === 'image')) t.allows('tool_result_images');
  const text = part.content.map((c) => (c.type === 'text' ? c.text : '')).join('');
  return { role: 'tool', tool_call_id: part.call_id, content: part.is_error === true ? `Error: ${text}` : text };
}

/** Nothing when all that the turn held was left out: a message without content is refused. */
function encodeAssistant(message: Message, reasons: boolean, t: Translation): JsonObject[] {
  const text: string[] = [];
  const calls: JsonValue[] = [];
  let refusal = '';
  let reasoning = '';
  let audio: JsonValue | undefined;
  for (const part of message.parts) {
    noteCache(part, t);
    if (part.type === 'text') text.push(part.text);
    else if (part.type === 'refusal') refusal += part.text;
    else if (part.type === 'thinking' && part.origin === 'openai-chat' && reasons) reasoning += part.text;
    else if (part.type === 'thinking') t.ignore('thinking_in_answer');
    else if (part.type === 'opaque') {
      if (!t.opaque(part, 'assistant')) continue;
      audio ??= part.raw['audio'];
      // Text is all that the content of an answer can be.
      if (part.raw['audio'] === undefined) t.ignore(part.path ?? 'hosted_tools');
    } else if (part.type === 'tool_call') {
      calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: part.args_json } });
    }
  }
  if (text.length === 0 && refusal === '' && calls.length === 0 && audio === undefined) return [];
  const turn = {
    role: 'assistant',
    content: text.length > 0 ? text.join('') : null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(refusal === '' ? {} : { refusal }),
    ...(audio === undefined ? {} : { audio }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(message.name === undefined ? {} : { name: message.name }),
  };
  return [turn];
}

function encodePart(part: Part, t: Translation): JsonObject | undefined {
  noteCache(part, t);
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image': {
      const url =
        part.source.kind === 'url' ? part.source.url : `data:${part.source.media_type};base64,${part.source.data}`;
      return { type: 'image_url', image_url: { url, ...(part.detail === undefined ? {} : { detail: part.detail }) } };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { format: part.format, data: part.data } };
    case 'file':
      return encodeFile(part, t);
    case 'opaque':
      return t.opaque(part, 'user') ? part.raw : undefined;
    default:
      return undefined;
  }
}

function encodeFile(part: Part & { type: 'file' }, t: Translation): JsonObject | undefined {
  if (part.source.kind === 'text') {
    if (part.name !== undefined) t.ignore('title');
    return { type: 'text', text: part.source.text };
  }
  if (part.source.kind === 'url') {
    t.refuse('files', 'files by URL are not accepted; send the data.');
    return undefined;
  }
  return {
    type: 'file',
    file: {
      filename: part.name ?? 'file',
      file_data: `data:${part.source.media_type};base64,${part.source.data}`,
    },
  };
}
