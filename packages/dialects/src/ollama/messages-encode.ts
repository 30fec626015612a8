import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { GenRequest, ImagePart, Message, Part, TextPart, ToolResultPart } from '../model.ts';
import { parseJsonObject } from '../remote-error.ts';
import { textsOf } from '../system-messages.ts';
import { callNames } from '../tool-ids.ts';
import type { Translation } from '../translation.ts';

/** Conversation → `messages`: one text for each message, with its pictures beside it. */
export function encodeMessages(request: GenRequest, t: Translation): JsonObject[] {
  const out: JsonObject[] = [];
  encodeSystem(request.system, out, t);
  const names = callNames(request);
  for (const message of request.messages) {
    if (message.name !== undefined) t.ignore('name');
    if (message.role === 'assistant') out.push(encodeAssistant(message, t));
    else if (message.role === 'system') encodeSystem(textsOf(message), out, t);
    else encodeUser(message, names, out, t);
  }
  return out;
}

function encodeSystem(parts: readonly TextPart[], out: JsonObject[], t: Translation): void {
  if (parts.length === 0) return;
  for (const part of parts) noteCache(part, t);
  out.push({ role: 'system', content: parts.map((part) => part.text).join('\n\n') });
}

function noteCache(part: Part, t: Translation): void {
  if ('cache' in part && part.cache !== undefined) t.allows('cache_markers');
}

/** Tool results come first: they belong right after the calls that they answer. */
function encodeUser(message: Message, names: ReadonlyMap<string, string>, out: JsonObject[], t: Translation): void {
  const texts: string[] = [];
  const images: string[] = [];
  let others = 0;
  for (const part of message.parts) {
    noteCache(part, t);
    if (part.type === 'tool_result') out.push(encodeToolResult(part, names, t));
    else {
      others += 1;
      encodePart(part, texts, images, t);
    }
  }
  if (others === 0 && message.parts.length > 0) return;
  out.push({ role: 'user', content: texts.join('\n\n'), ...(images.length === 0 ? {} : { images }) });
}

function encodePart(part: Part, texts: string[], images: string[], t: Translation): void {
  if (part.type === 'text') texts.push(part.text);
  else if (part.type === 'image') pushImage(part, images, t);
  else if (part.type === 'audio') t.allows('audio_input');
  else if (part.type === 'file') {
    if (part.source.kind !== 'text') t.allows('files');
    else {
      if (part.name !== undefined) t.ignore('title');
      texts.push(part.source.text);
    }
  } else if (part.type === 'opaque') t.opaque(part, 'user');
}

function pushImage(part: ImagePart, images: string[], t: Translation): void {
  if (part.detail !== undefined && part.detail !== 'auto') t.ignore('detail');
  if (part.source.kind === 'base64') images.push(part.source.data);
  else t.allows('image_url');
}

/** Older servers match results to calls by order, newer ones by name, the newest by id; each ignores what it lacks. */
function encodeToolResult(part: ToolResultPart, names: ReadonlyMap<string, string>, t: Translation): JsonObject {
  const texts: string[] = [];
  const images: string[] = [];
  for (const c of part.content) {
    noteCache(c, t);
    encodePart(c, texts, images, t);
  }
  const text = texts.join('');
  const name = part.name ?? names.get(part.call_id);
  return {
    role: 'tool',
    content: part.is_error === true ? `Error: ${text}` : text,
    ...(name === undefined ? {} : { tool_name: name }),
    tool_call_id: part.call_id,
    ...(images.length === 0 ? {} : { images }),
  };
}

function encodeAssistant(message: Message, t: Translation): JsonObject {
  const texts: string[] = [];
  const calls: JsonValue[] = [];
  let thinking = '';
  for (const part of message.parts) {
    noteCache(part, t);
    if (part.type === 'text' || part.type === 'refusal') texts.push(part.text);
    else if (part.type === 'thinking') {
      if (part.origin === 'ollama') thinking += part.text;
      else t.allows('thinking_in_answer');
    } else if (part.type === 'opaque') t.opaque(part, 'assistant');
    else if (part.type === 'tool_call') {
      const args = part.args_json.trim() === '' ? {} : parseJsonObject(part.args_json);
      if (args === undefined) t.refuse('tool_calls', `the arguments of call "${part.id}" are not a JSON object.`);
      else calls.push({ id: part.id, function: { name: part.name, arguments: args } });
    }
  }
  return {
    role: 'assistant',
    content: texts.join(''),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}
