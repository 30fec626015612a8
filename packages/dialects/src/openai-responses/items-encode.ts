import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { GenRequest, MediaSource, Message, Part, ThinkingPart, ToolResultPart } from '../model.ts';
import { textsOf } from '../system-messages.ts';
import type { Translation } from '../translation.ts';
import { isOwnReasoningId } from './ids.ts';

/** Messages → `input` items. */
export function encodeInput(request: GenRequest, t: Translation): JsonValue[] {
  const out: JsonValue[] = [];
  for (const message of request.messages) {
    if (message.name !== undefined) t.ignore('name');
    if (message.role === 'assistant') encodeAssistant(message, out, t);
    else if (message.role === 'system') encodeSystem(message, out, t);
    else encodeUser(message, out, t);
  }
  return out;
}

function encodeSystem(message: Message, out: JsonValue[], t: Translation): void {
  const content = textsOf(message).map((part) => {
    noteCache(part, t);
    return { type: 'input_text', text: part.text };
  });
  if (content.length > 0) out.push({ type: 'message', role: 'system', content });
}

function noteCache(part: Part, t: Translation): void {
  if ('cache' in part && part.cache !== undefined) t.ignore('cache_markers');
}

function encodeAssistant(message: Message, out: JsonValue[], t: Translation): void {
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) out.push({ type: 'message', role: 'assistant', content });
    content = [];
  };
  for (const part of message.parts) {
    noteCache(part, t);
    if (part.type === 'text') content.push({ type: 'output_text', text: part.text, annotations: [] });
    else if (part.type === 'refusal') content.push({ type: 'refusal', refusal: part.text });
    else if (part.type === 'tool_call') {
      flush();
      out.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: part.args_json });
    } else if (part.type === 'thinking') {
      flush();
      encodeThinking(part, out, t);
    } else if (part.type === 'opaque') {
      if (!t.opaque(part, 'assistant')) continue;
      flush();
      out.push(part.raw);
    } else t.refuse('messages', `assistant messages cannot carry a ${part.type}.`);
  }
  flush();
}

/** Only reasoning that this shape encrypted can be read again; all other thinking is left out. */
function encodeThinking(part: ThinkingPart, out: JsonValue[], t: Translation): void {
  if (part.origin !== 'openai-responses' || part.redacted === undefined) {
    t.ignore('thinking_in_answer');
    return;
  }
  out.push({
    type: 'reasoning',
    ...(part.signature === undefined || isOwnReasoningId(part.signature) ? {} : { id: part.signature }),
    summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
    encrypted_content: part.redacted,
  });
}

/** Tool results come first, right after the calls they answer. */
function encodeUser(message: Message, out: JsonValue[], t: Translation): void {
  const content: JsonObject[] = [];
  for (const part of message.parts) {
    noteCache(part, t);
    if (part.type === 'tool_result') out.push(encodeToolResult(part, t));
    else if (part.type === 'opaque') {
      if (t.opaque(part, 'user')) (isContent(part.raw) ? content : out).push(part.raw);
    } else {
      const encoded = encodeInputPart(part, t);
      if (encoded !== undefined) content.push(encoded);
    }
  }
  if (content.length > 0) out.push({ type: 'message', role: 'user', content });
}

/** Parts of a message are named `input_…`; everything else opaque is an item of its own. */
function isContent(raw: JsonObject): boolean {
  return typeof raw['type'] === 'string' && raw['type'].startsWith('input_');
}

function encodeToolResult(part: ToolResultPart, t: Translation): JsonObject {
  const error = part.is_error === true ? 'Error: ' : '';
  const only = part.content[0];
  if (part.content.length === 1 && only?.type === 'text') {
    return { type: 'function_call_output', call_id: part.call_id, output: `${error}${only.text}` };
  }
  const content = part.content.map((c) => encodeInputPart(c, t)).filter((c) => c !== undefined);
  const output = error === '' ? content : [{ type: 'input_text', text: error.trimEnd() }, ...content];
  return { type: 'function_call_output', call_id: part.call_id, output: output.length === 0 ? '' : output };
}

function encodeInputPart(part: Part, t: Translation): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: urlOf(part.source), detail: part.detail ?? 'auto' };
    case 'file': {
      if (part.source.kind === 'text') {
        if (part.name !== undefined) t.ignore('title');
        return { type: 'input_text', text: part.source.text };
      }
      const name = part.name === undefined ? {} : { filename: part.name };
      if (part.source.kind === 'url') return { type: 'input_file', ...name, file_url: part.source.url };
      return { type: 'input_file', filename: part.name ?? 'file', file_data: urlOf(part.source) };
    }
    case 'audio':
      t.allows('audio_input');
      return undefined;
    default:
      t.refuse('messages', `user messages cannot carry a ${part.type}.`);
      return undefined;
  }
}

function urlOf(source: MediaSource): string {
  return source.kind === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
}
