import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import type { GenEvent } from '../model.ts';
import { decodeErrorObject } from './errors.ts';
import { decodeFinish, reasoningText } from './response.ts';
import { decodeUsage } from './usage.ts';

const END: readonly GenEvent[] = [{ type: 'end' }];
const NOTHING: readonly GenEvent[] = [];

export { parseData };

/** Chat Completions chunks → events. */
export function streamDecoder(): StreamDecoder {
  let started = false;
  // Tool calls are announced once by id and name, then continued by index alone.
  const announced = new Set<string>();
  return {
    push(frame: Frame): readonly GenEvent[] {
      if (frame.data === '') return NOTHING;
      if (frame.data === '[DONE]') return END;
      const chunk = parseData(frame.data);
      const error = chunk['error'];
      if (error !== undefined && error !== null) return [{ type: 'error', error: decodeErrorObject(502, error) }];
      const events: GenEvent[] = [];
      if (!started) {
        started = true;
        events.push(startOf(chunk));
      }
      const choices = chunk['choices'];
      if (Array.isArray(choices)) {
        for (const choice of choices as readonly JsonValue[])
          if (isJsonObject(choice)) decodeChoice(choice, events, announced);
      }
      const usage = decodeUsage(chunk['usage']);
      if (usage !== undefined) events.push({ type: 'usage', usage });
      return events;
    },
  };
}

function startOf(chunk: JsonObject): GenEvent {
  return {
    type: 'start',
    id: typeof chunk['id'] === 'string' ? chunk['id'] : '',
    model: typeof chunk['model'] === 'string' ? chunk['model'] : '',
    created_s: typeof chunk['created'] === 'number' ? chunk['created'] : 0,
  };
}

function decodeChoice(value: JsonObject, events: GenEvent[], announced: Set<string>): void {
  const choice = typeof value['index'] === 'number' ? value['index'] : 0;
  const delta = value['delta'];
  if (isJsonObject(delta)) {
    const reasoning = reasoningText(delta);
    if (reasoning !== undefined) events.push({ type: 'thinking', choice, delta: reasoning, origin: 'openai-chat' });
    const content = delta['content'];
    if (typeof content === 'string' && content !== '') events.push({ type: 'text', choice, delta: content });
    const refusal = delta['refusal'];
    if (typeof refusal === 'string' && refusal !== '') events.push({ type: 'refusal', choice, delta: refusal });
    const calls = delta['tool_calls'];
    if (Array.isArray(calls)) {
      for (const call of calls as readonly JsonValue[]) {
        if (isJsonObject(call)) decodeToolCall(call, choice, events, announced);
      }
    }
  }
  const logprobs = value['logprobs'];
  if (isJsonObject(logprobs)) events.push({ type: 'logprobs', choice, content: logprobs });
  const finish = value['finish_reason'];
  if (typeof finish === 'string') events.push({ type: 'finish', choice, reason: decodeFinish(finish) });
}

function decodeToolCall(call: JsonObject, choice: number, events: GenEvent[], announced: Set<string>): void {
  const index = typeof call['index'] === 'number' ? call['index'] : 0;
  const fn = isJsonObject(call['function']) ? call['function'] : undefined;
  const key = `${choice}.${index}`;
  if (!announced.has(key)) {
    announced.add(key);
    events.push({
      type: 'tool_call',
      choice,
      index,
      id: typeof call['id'] === 'string' ? call['id'] : `call_${choice}_${index}`,
      name: typeof fn?.['name'] === 'string' ? fn['name'] : '',
    });
  }
  const args = fn?.['arguments'];
  if (typeof args === 'string' && args !== '') events.push({ type: 'tool_args', choice, index, delta: args });
}
