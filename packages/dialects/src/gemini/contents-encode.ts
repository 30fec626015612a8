import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { FilePart, GenRequest, MediaSource, Message, Part, ToolCallPart, ToolResultPart } from '../model.ts';
import { parseJsonObject } from '../remote-error.ts';
import { callNames } from '../tool-ids.ts';
import type { Translation } from '../translation.ts';

/**
 * Stands in for a thought signature that the client's shape could not carry or another provider never made. Gemini 3
 * refuses a history of function calls without one (source: Gemini API, "Thought signatures").
 */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface Ctx {
  readonly t: Translation;
  readonly names: ReadonlyMap<string, string>;
  readonly needs_signature: boolean;
}

/** Conversation → `contents`. Neighbours of one role become one content, since Gemini wants the roles to alternate. */
export function encodeContents(request: GenRequest, t: Translation, needs_signature: boolean): JsonObject[] {
  const ctx: Ctx = { t, names: callNames(request), needs_signature };
  const out: { role: string; parts: JsonValue[] }[] = [];
  for (const message of request.messages) {
    if (message.name !== undefined) t.ignore('name');
    const parts = message.role === 'assistant' ? encodeAssistant(message, ctx) : encodeUser(message, ctx);
    if (parts.length === 0) continue;
    const role = message.role === 'assistant' ? 'model' : 'user';
    const last = out[out.length - 1];
    if (last?.role === role) last.parts.push(...parts);
    else out.push({ role, parts });
  }
  return out;
}

/** Function responses come first: they have to follow the calls that they answer at once. */
function encodeUser(message: Message, ctx: Ctx): JsonValue[] {
  const results: JsonValue[] = [];
  const others: JsonValue[] = [];
  for (const part of message.parts) {
    noteCache(part, ctx.t);
    if (part.type === 'tool_result') encodeToolResult(part, ctx, results, others);
    else {
      const encoded = encodePart(part, 'user', ctx.t);
      if (encoded !== undefined) others.push(encoded);
    }
  }
  return [...results, ...others];
}

function noteCache(part: Part, t: Translation): void {
  if ('cache' in part && part.cache !== undefined) t.allows('cache_markers');
}

function encodeToolResult(part: ToolResultPart, ctx: Ctx, results: JsonValue[], media: JsonValue[]): void {
  const name = part.name ?? ctx.names.get(part.call_id);
  if (name === undefined) {
    ctx.t.refuse('tool_results', `the result of call "${part.call_id}" follows no call of that id.`);
    return;
  }
  const text = part.content.map((c) => (c.type === 'text' ? c.text : '')).join('');
  const response: JsonObject = part.is_error === true ? { error: text } : { output: text };
  results.push({ functionResponse: { id: part.call_id, name, response } });
  for (const c of part.content) {
    noteCache(c, ctx.t);
    if (c.type === 'image') media.push(encodeMedia(c.source));
  }
}

function encodeAssistant(message: Message, ctx: Ctx): JsonValue[] {
  const out: JsonValue[] = [];
  let calls = 0;
  for (const part of message.parts) {
    noteCache(part, ctx.t);
    if (part.type === 'tool_call') {
      const encoded = encodeToolCall(part, ctx, calls === 0);
      if (encoded === undefined) continue;
      calls += 1;
      out.push(encoded);
    } else if (part.type === 'thinking') {
      if (part.origin !== 'gemini') ctx.t.allows('thinking_in_answer');
      else if (part.text !== '') out.push(encodeThought(part.text, part.signature));
    } else if (part.type === 'refusal') {
      out.push({ text: part.text });
    } else {
      const encoded = encodePart(part, 'assistant', ctx.t);
      if (encoded !== undefined) out.push(encoded);
    }
  }
  return out;
}

function encodeThought(text: string, signature: string | undefined): JsonObject {
  return { text, thought: true, ...(signature === undefined ? {} : { thoughtSignature: signature }) };
}

/** Of calls in parallel only the first is signed. */
function encodeToolCall(part: ToolCallPart, ctx: Ctx, is_first: boolean): JsonObject | undefined {
  const args = part.args_json.trim() === '' ? {} : parseJsonObject(part.args_json);
  if (args === undefined) {
    ctx.t.refuse('tool_calls', `the arguments of call "${part.id}" are not a JSON object.`);
    return undefined;
  }
  const signature = part.signature ?? (is_first && ctx.needs_signature ? NO_SIGNATURE : undefined);
  return {
    functionCall: { id: part.id, name: part.name, args },
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
  };
}

function encodePart(part: Part, role: Message['role'], t: Translation): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return part.text === '' ? undefined : { text: part.text };
    case 'image':
      if (part.detail !== undefined && part.detail !== 'auto') t.ignore('detail');
      return encodeMedia(part.source);
    case 'audio':
      return { inlineData: { mimeType: `audio/${part.format}`, data: part.data } };
    case 'file':
      return encodeFile(part, t);
    case 'opaque':
      return t.opaque(part, role) ? part.raw : undefined;
    default:
      return undefined;
  }
}

function encodeFile(part: FilePart, t: Translation): JsonObject {
  if (part.name !== undefined) t.ignore(part.source.kind === 'text' ? 'title' : 'filename');
  return part.source.kind === 'text' ? { text: part.source.text } : encodeMedia(part.source);
}

function encodeMedia(source: MediaSource): JsonObject {
  if (source.kind === 'base64') return { inlineData: { mimeType: source.media_type, data: source.data } };
  const mimeType = mimeTypeOf(source.url);
  return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri: source.url } };
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
};

/** From the name in the path; Gemini finds it out itself when it is left away. */
function mimeTypeOf(url: string): string | undefined {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  return MIME_TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
}
