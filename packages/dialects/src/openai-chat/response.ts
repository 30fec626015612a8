import { AtpError, type JsonObject, type JsonValue, isJsonObject } from '@atp-router/kernel';
import type { ResponseEncodeContext } from '../dialect.ts';
import type { Choice, FinishReason, GenResponse } from '../model.ts';
import { isUrlCitation, lossesOf } from '../losses.ts';
import { toolCallId } from '../tool-ids.ts';
import { CARRIER, decodeAnnotations, decodeMedia, encodeAnnotation, joinMedia } from './generated.ts';
import { signatureFields } from './thought-signature.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

const FINISH: ReadonlyMap<unknown, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  // Aggregators end a stream this way when their own upstream failed in the middle of it.
  ['error', 'error'],
]);

export function decodeFinish(reason: unknown): FinishReason {
  return FINISH.get(reason) ?? 'stop';
}

/** `error` is no reason of OpenAI's own, but what aggregators say, and must not pass for a normal end. */
export function encodeFinish(reason: FinishReason): string {
  return reason === 'pause' ? 'stop' : reason;
}

/** Compatible servers name the same thing differently: `reasoning_content` (DeepSeek, vLLM) or `reasoning` (others). */
export function reasoningText(o: JsonObject): string | undefined {
  const v = o['reasoning_content'] ?? o['reasoning'];
  return typeof v === 'string' && v !== '' ? v : undefined;
}

/** Text of a message; some compatible servers answer with a list of typed parts instead of a string. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isJsonObject(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

/** Arguments as JSON text; some compatible servers send the object itself, or nothing when there are none. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  return isJsonObject(value) ? JSON.stringify(value) : '{}';
}

/** A whole Chat Completions answer → internal model. */
export function decodeResponse(body: JsonObject): GenResponse {
  const choices = body['choices'];
  if (!Array.isArray(choices) || !choices.some(isJsonObject)) {
    throw new AtpError('upstream_error', 'The provider answered without "choices".', { origin: 'remote' });
  }
  const usage = decodeUsage(body['usage']);
  const id = typeof body['id'] === 'string' ? body['id'] : '';
  return {
    id,
    model: typeof body['model'] === 'string' ? body['model'] : '',
    created_s: typeof body['created'] === 'number' ? body['created'] : 0,
    choices: (choices as readonly JsonValue[]).filter(isJsonObject).map((choice, i) => decodeChoice(choice, id, i)),
    ...(usage === undefined ? {} : { usage }),
  };
}

function decodeChoice(choice: JsonObject, id: string, index: number): Choice {
  const message = isJsonObject(choice['message']) ? choice['message'] : {};
  const parts: Choice['parts'][number][] = [];
  const reasoning = reasoningText(message);
  if (reasoning !== undefined) parts.push({ type: 'thinking', text: reasoning, origin: 'openai-chat' });
  const content = contentText(message['content']);
  const annotations = decodeAnnotations(message['annotations']);
  if (content !== '') {
    parts.push({ type: 'text', text: content, ...(annotations.length === 0 ? {} : { annotations }) });
  }
  const refusal = message['refusal'];
  if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  const calls = message['tool_calls'];
  if (Array.isArray(calls)) {
    (calls as readonly JsonValue[]).filter(isJsonObject).forEach((call, k) => {
      const fn = isJsonObject(call['function']) ? call['function'] : {};
      parts.push({
        type: 'tool_call',
        id: typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : toolCallId(id, index, k),
        name: typeof fn['name'] === 'string' ? fn['name'] : '',
        args_json: argumentsText(fn['arguments']),
      });
    });
  }
  for (const raw of decodeMedia(message)) parts.push({ type: 'opaque', origin: 'openai-chat', raw });
  return {
    parts,
    finish: decodeFinish(choice['finish_reason']),
    ...(choice['logprobs'] === undefined || choice['logprobs'] === null ? {} : { logprobs: choice['logprobs'] }),
  };
}

/** Internal model → a whole Chat Completions answer. */
export function encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject {
  lossesOf(response, CARRIER).refuseEmpty();
  return {
    id: ctx.id,
    object: 'chat.completion',
    created: response.created_s,
    model: ctx.model,
    choices: response.choices.map((choice, index) => ({
      index,
      message: encodeMessage(choice),
      logprobs: choice.logprobs ?? null,
      finish_reason: encodeFinish(choice.finish),
    })),
    ...(response.usage === undefined ? {} : { usage: encodeUsage(response.usage) }),
  };
}

function encodeMessage(choice: Choice): JsonObject {
  let text: string | null = null;
  let reasoning = '';
  let refusal: string | null = null;
  const calls: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  let media: JsonObject = {};
  for (const part of choice.parts) {
    if (part.type === 'text') {
      text = (text ?? '') + part.text;
      for (const one of part.annotations ?? []) if (isUrlCitation(one)) annotations.push(encodeAnnotation(one));
    } else if (part.type === 'opaque') media = part.origin === 'openai-chat' ? joinMedia(media, part.raw) : media;
    else if (part.type === 'thinking') reasoning += part.text;
    else if (part.type === 'refusal') refusal = (refusal ?? '') + part.text;
    else if (part.type === 'tool_call')
      calls.push({
        ...{ id: part.id, type: 'function', function: { name: part.name, arguments: part.args_json } },
        ...signatureFields(part.signature),
      });
  }
  return {
    role: 'assistant',
    content: text,
    refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...media,
  };
}
