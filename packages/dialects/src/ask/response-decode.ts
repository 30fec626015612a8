import { AtpError, isJsonObject, type JsonObject, type JsonValue, type Usage } from '@atp-router/kernel';
import type { Choice, FinishReason, GenResponse } from '../model.ts';
import { toolCallId } from '../tool-ids.ts';
import { part, tokens, usable } from '../usage-count.ts';

const FINISHES: ReadonlySet<unknown> = new Set<FinishReason>([
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  'pause',
  'error',
]);

/** A whole answer of `ask`, or the `final` of a stream. An agent may leave out all but `text` or `parts`. */
export function decodeResponse(body: JsonObject): GenResponse {
  const parts = partsOf(body);
  const usage = decodeUsage(body['usage']);
  return {
    id: textOf(body, 'id'),
    model: textOf(body, 'model'),
    created_s: typeof body['created_s'] === 'number' ? body['created_s'] : 0,
    choices: [{ parts, finish: decodeFinish(body['finish'], parts) }],
    ...(usage === undefined ? {} : { usage }),
  };
}

type AnswerPart = Choice['parts'][number];

/** A reason of a later edition says at least that the answer is complete. */
export function decodeFinish(finish: JsonValue | undefined, parts: readonly AnswerPart[]): FinishReason {
  if (FINISHES.has(finish)) return finish as FinishReason;
  return parts.some((one) => one.type === 'tool_call') ? 'tool_calls' : 'stop';
}

function partsOf(body: JsonObject): readonly AnswerPart[] {
  const { parts, text } = body;
  if (Array.isArray(parts)) {
    const id = textOf(body, 'id');
    return (parts as readonly JsonValue[]).filter(isJsonObject).flatMap((one, i) => decodePart(one, id, i));
  }
  if (typeof text === 'string') return text === '' ? [] : [{ type: 'text', text }];
  throw new AtpError('upstream_error', 'The provider answered without "text".', { origin: 'remote' });
}

function decodePart(value: JsonObject, salt: string, i: number): readonly AnswerPart[] {
  const text = textOf(value, 'text');
  switch (value['type']) {
    case 'text':
    case 'refusal':
      return text === '' ? [] : [{ type: value['type'], text }];
    case 'thinking':
      return text === '' ? [] : [{ type: 'thinking', text, origin: 'ask' }];
    case 'tool_call': {
      const id = textOf(value, 'id') === '' ? toolCallId(salt, 0, i) : textOf(value, 'id');
      return [{ type: 'tool_call', id, name: textOf(value, 'name'), args_json: textOf(value, 'args_json') }];
    }
    default:
      return [];
  }
}

/** Undefined when there is none, or what stands there cannot be one: then the router counts. */
export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(value) || typeof value['in_tokens'] !== 'number' || typeof value['out_tokens'] !== 'number') {
    return undefined;
  }
  const in_tokens = tokens(value, 'in_tokens');
  const out_tokens = tokens(value, 'out_tokens');
  const cached_in_tokens = Math.min(in_tokens, part(value, 'cached_in_tokens'));
  return usable({
    in_tokens,
    out_tokens,
    cached_in_tokens,
    cache_write_tokens: Math.min(in_tokens - cached_in_tokens, part(value, 'cache_write_tokens')),
    reasoning_tokens: Math.min(out_tokens, part(value, 'reasoning_tokens')),
  });
}

export function textOf(o: JsonObject, key: string): string {
  const value = o[key];
  return typeof value === 'string' ? value : '';
}
