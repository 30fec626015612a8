import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { GenRequest, Reasoning, ReasoningEffort, ResponseFormat } from '../model.ts';
import { arr, bad, bool, int, needStr, num, obj, optional, rest, str } from '../read.ts';
import { decodeMessages } from './messages-decode.ts';
import { decodeTools } from './tools-decode.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'seed',
  'n',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'user',
  'metadata',
  'service_tier',
  'web_search_options',
]);

export const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** Chat Completions body → internal model. */
export function decodeRequest(body: JsonObject): GenRequest {
  const { system, messages } = decodeMessages(arr(body, 'messages') ?? []);
  const reasoning = decodeReasoning(body);
  const format = decodeFormat(body);
  const { functions, hosted, choice, unread } = decodeTools(body);
  return {
    source: 'openai-chat',
    model: needStr(body, 'model'),
    stream: bool(body, 'stream') ?? false,
    include_usage: obj(body, 'stream_options')?.['include_usage'] === true,
    system,
    messages,
    tools: functions,
    hosted_tools: hosted,
    stop: decodeStop(body['stop']),
    n: int(body, 'n', 1, 128) ?? 1,
    ...optional('tool_choice', choice),
    ...optional('parallel_tool_calls', bool(body, 'parallel_tool_calls')),
    ...optional(
      'max_output_tokens',
      int(body, 'max_completion_tokens', 1, 100_000_000) ?? int(body, 'max_tokens', 1, 100_000_000),
    ),
    ...optional('temperature', num(body, 'temperature')),
    ...optional('top_p', num(body, 'top_p')),
    ...optional('top_k', num(body, 'top_k')),
    ...optional('seed', num(body, 'seed')),
    ...optional('frequency_penalty', num(body, 'frequency_penalty')),
    ...optional('presence_penalty', num(body, 'presence_penalty')),
    ...optional('logit_bias', obj(body, 'logit_bias')),
    ...optional('logprobs', decodeLogprobs(body)),
    ...optional('response_format', format),
    ...optional('reasoning', reasoning),
    ...optional('user', str(body, 'user')),
    ...optional('metadata', obj(body, 'metadata')),
    ...optional('service_tier', str(body, 'service_tier')),
    extra: { ...rest(body, KNOWN), ...unread },
  };
}

function decodeLogprobs(body: JsonObject): { top: number } | undefined {
  return bool(body, 'logprobs') === true ? { top: int(body, 'top_logprobs', 0, 20) ?? 0 } : undefined;
}

function decodeReasoning(body: JsonObject): Reasoning | undefined {
  const effort = str(body, 'reasoning_effort');
  if (effort === undefined) return undefined;
  if (!EFFORTS.includes(effort)) throw bad('reasoning_effort', `one of ${EFFORTS.join(', ')}`);
  return { effort: effort as ReasoningEffort };
}

export function decodeStop(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || !value.every((s) => typeof s === 'string')) {
    throw bad('stop', 'a string or an array of strings');
  }
  return value as readonly string[];
}

function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const format = obj(body, 'response_format');
  if (format === undefined) return undefined;
  const type = needStr(format, 'type', 'response_format.type');
  if (type === 'text' || type === 'json_object') return { type };
  if (type !== 'json_schema') throw bad('response_format.type', 'one of text, json_object, json_schema');
  const spec = obj(format, 'json_schema', 'response_format.json_schema');
  if (spec === undefined) throw bad('response_format.json_schema', 'an object; it is missing');
  return {
    type,
    name: str(spec, 'name', 'response_format.json_schema.name') ?? 'answer',
    schema: obj(spec, 'schema', 'response_format.json_schema.schema') ?? {},
    ...optional('strict', bool(spec, 'strict', 'response_format.json_schema.strict')),
    ...optional('description', str(spec, 'description', 'response_format.json_schema.description')),
  };
}
