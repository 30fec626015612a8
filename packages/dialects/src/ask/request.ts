import { isQos, type JsonObject, type JsonValue, usdToNanos } from '@atp-router/kernel';
import type { ProbeLimits, RequestProbe, RoutingWishes } from '../dialect.ts';
import type { GenRequest } from '../model.ts';
import { probe as probeChat } from '../openai-chat/probe.ts';
import { decodeRequest as decodeChat } from '../openai-chat/request-decode.ts';
import { arr, bad, int, num, obj, optional, rest, str } from '../read.ts';

const MODEL_DEFAULT = 'auto';
const DEADLINE_MS_MAX = 86_400_000;
const SCOPES_MAX = 16;
/** As in the headers of the same meaning, so that both can be put into metrics and policies. */
const TOKEN = /^[A-Za-z0-9._:-]{1,128}$/;

/** Fields that mean and look the same as in Chat Completions. */
const SHARED = [
  'stream',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'response_format',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning_effort',
  'user',
  'metadata',
] as const;

const OWN = [
  'model',
  'prompt',
  'messages',
  'system',
  'max_output_tokens',
  'n',
  'task_type',
  'qos',
  'data_scope',
  'facts',
  'max_usd',
  'quality',
  'deadline_ms',
] as const;

const KNOWN: ReadonlySet<string> = new Set([...SHARED, ...OWN]);

/** Reads what routing needs, with the wishes that other shapes send as headers. */
export function probe(body: JsonObject, limits: ProbeLimits): RequestProbe {
  const max = int(body, 'max_output_tokens', 1, 100_000_000);
  const wishes = wishesOf(body);
  oneAnswer(body);
  return {
    ...probeChat(chatBody(body), limits),
    include_usage: true,
    ...optional('max_output_tokens', max),
    ...optional('wishes', Object.keys(wishes).length === 0 ? undefined : wishes),
  };
}

/** `ask` body → internal model. Unknown fields are kept as `extra`, which every provider's encoder reports as ignored. */
export function decodeRequest(body: JsonObject): GenRequest {
  wishesOf(body);
  oneAnswer(body);
  const request = decodeChat(chatBody(body));
  const system = str(body, 'system');
  return {
    ...request,
    source: 'ask',
    include_usage: true,
    system: system === undefined ? request.system : [{ type: 'text', text: system }, ...request.system],
    ...optional('max_output_tokens', int(body, 'max_output_tokens', 1, 100_000_000)),
    extra: { ...request.extra, ...rest(body, KNOWN) },
  };
}

function oneAnswer(body: JsonObject): void {
  const n = int(body, 'n', 1, 128) ?? 1;
  if (n !== 1) throw bad('n', '1: ask gives one answer');
}

/** The shared fields as a Chat Completions body. Places in `messages` stay the same, so that errors name them. */
function chatBody(body: JsonObject): JsonObject {
  const out: Record<string, JsonValue | undefined> = { model: str(body, 'model') ?? MODEL_DEFAULT };
  for (const field of SHARED) out[field] = body[field];
  out['messages'] = messagesOf(body);
  return out;
}

function messagesOf(body: JsonObject): readonly JsonValue[] {
  const prompt = str(body, 'prompt');
  const messages = arr(body, 'messages');
  if (prompt !== undefined && messages !== undefined) throw bad('prompt', 'absent where "messages" are given');
  if (messages !== undefined) return messages;
  if (prompt === undefined) throw bad('prompt', 'a string, or "messages" an array; both are missing');
  return [{ role: 'user', content: prompt }];
}

function wishesOf(body: JsonObject): RoutingWishes {
  const qos = str(body, 'qos');
  if (qos !== undefined && !isQos(qos)) throw bad('qos', 'gold, silver or bronze');
  const max_usd = num(body, 'max_usd');
  return {
    ...optional('task_type', token(body, 'task_type')),
    ...optional('qos', qos),
    ...optional('data_scope', scopesOf(body['data_scope'])),
    ...optional('facts', obj(body, 'facts')),
    ...optional('max_usd_nanos', max_usd === undefined ? undefined : usdToNanos(max_usd, 'max_usd')),
    ...optional('quality', qualityOf(body)),
    ...optional('deadline_ms', int(body, 'deadline_ms', 1, DEADLINE_MS_MAX)),
  };
}

/** A word, or a number of US dollars. */
function qualityOf(body: JsonObject): string | undefined {
  const { quality } = body;
  return typeof quality === 'number' ? String(quality) : str(body, 'quality');
}

function token(body: JsonObject, field: string): string | undefined {
  const value = str(body, field);
  if (value !== undefined && !TOKEN.test(value)) throw bad(field, 'letters, digits and . _ : - only, up to 128');
  return value;
}

function scopesOf(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = (typeof value === 'string' ? [value] : value) as readonly JsonValue[];
  if (!Array.isArray(list) || list.length > SCOPES_MAX || !list.every((s) => typeof s === 'string' && TOKEN.test(s))) {
    throw bad('data_scope', `a name, or an array of up to ${SCOPES_MAX} names`);
  }
  return list as readonly string[];
}
