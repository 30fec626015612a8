import { AtpError, type JsonObject, type JsonValue, isJsonObject } from '@atp-router/kernel';
import type { ResponseEncodeContext } from '../dialect.ts';
import type { Choice, FinishReason, GenResponse } from '../model.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
};

export function decodeFinish(reason: unknown): FinishReason {
  return (typeof reason === 'string' ? FINISH[reason] : undefined) ?? 'stop';
}

export function encodeFinish(reason: FinishReason): string {
  return reason === 'pause' || reason === 'error' ? 'stop' : reason;
}

/** Compatible servers name the same thing differently: `reasoning_content` (DeepSeek, vLLM) or `reasoning` (others). */
export function reasoningText(o: JsonObject): string | undefined {
  const v = o['reasoning_content'] ?? o['reasoning'];
  return typeof v === 'string' && v !== '' ? v : undefined;
}

/** A whole Chat Completions answer → internal model. */
export function decodeResponse(body: JsonObject): GenResponse {
  const choices = body['choices'];
  if (!Array.isArray(choices)) {
    throw new AtpError('upstream_error', 'The provider answered without "choices".', { origin: 'remote' });
  }
  const usage = decodeUsage(body['usage']);
  return {
    id: typeof body['id'] === 'string' ? body['id'] : '',
    model: typeof body['model'] === 'string' ? body['model'] : '',
    created_s: typeof body['created'] === 'number' ? body['created'] : 0,
    choices: (choices as readonly JsonValue[]).filter(isJsonObject).map(decodeChoice),
    ...(usage === undefined ? {} : { usage }),
  };
}

function decodeChoice(choice: JsonObject): Choice {
  const message = isJsonObject(choice['message']) ? choice['message'] : {};
  const parts: Choice['parts'][number][] = [];
  const reasoning = reasoningText(message);
  if (reasoning !== undefined) parts.push({ type: 'thinking', text: reasoning, origin: 'openai-chat' });
  const content = message['content'];
  if (typeof content === 'string' && content !== '') parts.push({ type: 'text', text: content });
  if (typeof message['refusal'] === 'string') parts.push({ type: 'refusal', text: message['refusal'] });
  const calls = message['tool_calls'];
  if (Array.isArray(calls)) {
    for (const call of (calls as readonly JsonValue[]).filter(isJsonObject)) {
      const fn = isJsonObject(call['function']) ? call['function'] : {};
      parts.push({
        type: 'tool_call',
        id: typeof call['id'] === 'string' ? call['id'] : '',
        name: typeof fn['name'] === 'string' ? fn['name'] : '',
        args_json: typeof fn['arguments'] === 'string' ? fn['arguments'] : '{}',
      });
    }
  }
  return {
    parts,
    finish: decodeFinish(choice['finish_reason']),
    ...(choice['logprobs'] === undefined || choice['logprobs'] === null ? {} : { logprobs: choice['logprobs'] }),
  };
}

/** Internal model → a whole Chat Completions answer. */
export function encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject {
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
  for (const part of choice.parts) {
    if (part.type === 'text') text = (text ?? '') + part.text;
    else if (part.type === 'thinking') reasoning += part.text;
    else if (part.type === 'refusal') refusal = part.text;
    else if (part.type === 'tool_call')
      calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: part.args_json } });
  }
  return {
    role: 'assistant',
    content: text,
    refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}
