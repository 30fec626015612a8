import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { FinishReason } from '../model.ts';

export interface DecodedCall {
  /** Only newer servers give one. */
  readonly id?: string;
  readonly name: string;
  readonly args_json: string;
}

/** What one `message` says: the whole answer, or what is new in a stream. */
export interface DecodedMessage {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly DecodedCall[];
}

export function decodeMessage(message: JsonObject): DecodedMessage {
  const calls = message['tool_calls'];
  return {
    text: textOf(message, 'content'),
    thinking: textOf(message, 'thinking'),
    calls: Array.isArray(calls) ? (calls as readonly JsonValue[]).filter(isJsonObject).map(decodeCall) : [],
  };
}

function decodeCall(call: JsonObject): DecodedCall {
  const fn = isJsonObject(call['function']) ? call['function'] : {};
  const id = textOf(call, 'id');
  return {
    ...(id === '' ? {} : { id }),
    name: textOf(fn, 'name'),
    args_json: JSON.stringify(isJsonObject(fn['arguments']) ? fn['arguments'] : {}),
  };
}

export function decodeFinish(reason: string, has_calls: boolean): FinishReason {
  if (reason === 'length') return 'length';
  return has_calls ? 'tool_calls' : 'stop';
}

/** `logprobs` of an answer or of one line of a stream, in OpenAI's shape; undefined when there are none. */
export function decodeLogprobs(body: JsonObject): JsonValue | undefined {
  const list = body['logprobs'];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const content = (list as readonly JsonValue[]).filter(isJsonObject).map((entry) => {
    const top = Array.isArray(entry['top_logprobs']) ? (entry['top_logprobs'] as readonly JsonValue[]) : [];
    return { ...decodeToken(entry), top_logprobs: top.filter(isJsonObject).map(decodeToken) };
  });
  return { content, refusal: null };
}

function decodeToken(entry: JsonObject): JsonObject {
  const token = textOf(entry, 'token');
  return {
    token,
    logprob: typeof entry['logprob'] === 'number' ? entry['logprob'] : 0,
    bytes: [...new TextEncoder().encode(token)],
  };
}

export function textOf(o: JsonObject, key: string): string {
  const value = o[key];
  return typeof value === 'string' ? value : '';
}

/** `created_at` (RFC 3339 with nanoseconds) in seconds; 0 when it is missing. */
export function createdOf(body: JsonObject): number {
  const at_ms = Date.parse(textOf(body, 'created_at'));
  return Number.isNaN(at_ms) ? 0 : Math.floor(at_ms / 1_000);
}
