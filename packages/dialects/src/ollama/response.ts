import { AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { Choice, GenResponse } from '../model.ts';
import { toolCallId } from '../tool-ids.ts';
import { createdOf, decodeFinish, decodeLogprobs, decodeMessage, textOf } from './message.ts';
import { decodeUsage } from './usage.ts';

/** A whole answer of `/api/chat` → internal model. Answers have no id; their time stamp makes the call ids unique. */
export function decodeResponse(body: JsonObject): GenResponse {
  const message = body['message'];
  if (!isJsonObject(message)) {
    throw new AtpError('upstream_error', 'The provider answered without "message".', { origin: 'remote' });
  }
  const { text, thinking, calls } = decodeMessage(message);
  const parts: Choice['parts'][number][] = [];
  if (thinking !== '') parts.push({ type: 'thinking', text: thinking, origin: 'ollama' });
  if (text !== '') parts.push({ type: 'text', text });
  calls.forEach((call, index) => {
    const id = call.id ?? toolCallId(textOf(body, 'created_at'), 0, index);
    parts.push({ type: 'tool_call', id, name: call.name, args_json: call.args_json });
  });
  const logprobs = decodeLogprobs(body);
  const usage = decodeUsage(body);
  return {
    id: '',
    model: textOf(body, 'model'),
    created_s: createdOf(body),
    choices: [
      {
        parts,
        finish: decodeFinish(textOf(body, 'done_reason'), calls.length > 0),
        ...(logprobs === undefined ? {} : { logprobs }),
      },
    ],
    ...(usage === undefined ? {} : { usage }),
  };
}
