import { isJsonObject } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import { parseData } from '../frame-data.ts';
import { toolCallId } from '../tool-ids.ts';
import { decodeErrorValue } from './errors.ts';
import { createdOf, decodeFinish, decodeLogprobs, decodeMessage, textOf } from './message.ts';
import { decodeUsage } from './usage.ts';

const NOTHING: readonly GenEvent[] = [];

/** Lines of `/api/chat` → events. The line with `done: true` is the end mark and carries the counts. */
export function streamDecoder(): StreamDecoder {
  let started = false;
  let salt = '';
  let calls = 0;
  return {
    push(frame: Frame): readonly GenEvent[] {
      if (frame.data === '') return NOTHING;
      const body = parseData(frame.data);
      const error = body['error'];
      if (error !== undefined && error !== null) return [{ type: 'error', error: decodeErrorValue(502, error) }];
      const events: GenEvent[] = [];
      if (!started) {
        started = true;
        salt = textOf(body, 'created_at');
        events.push({ type: 'start', id: '', model: textOf(body, 'model'), created_s: createdOf(body) });
      }
      const message = isJsonObject(body['message']) ? decodeMessage(body['message']) : undefined;
      if (message !== undefined) {
        if (message.thinking !== '') {
          events.push({ type: 'thinking', choice: 0, delta: message.thinking, origin: 'ollama' });
        }
        if (message.text !== '') events.push({ type: 'text', choice: 0, delta: message.text });
        for (const call of message.calls) {
          const id = call.id ?? toolCallId(salt, 0, calls);
          events.push({ type: 'tool_call', choice: 0, index: calls, id, name: call.name });
          events.push({ type: 'tool_args', choice: 0, index: calls, delta: call.args_json });
          calls += 1;
        }
      }
      const logprobs = decodeLogprobs(body);
      if (logprobs !== undefined) events.push({ type: 'logprobs', choice: 0, content: logprobs });
      if (body['done'] === true) {
        events.push({ type: 'finish', choice: 0, reason: decodeFinish(textOf(body, 'done_reason'), calls > 0) });
        const usage = decodeUsage(body);
        if (usage !== undefined) events.push({ type: 'usage', usage });
        events.push({ type: 'end' });
      }
      return events;
    },
  };
}
