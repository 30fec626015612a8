import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { CacheMarker, FilePart, GenRequest, ImagePart, Message, Part, ThinkingPart } from '../model.ts';
import { parseJsonObject } from '../remote-error.ts';
import type { Translation } from '../translation.ts';
import { isUsable } from './thinking.ts';

interface Turn {
  readonly role: Message['role'];
  readonly blocks: JsonObject[];
}

/** Messages in alternating turns: neighbours of one role are merged, and what is empty here is left out. */
export function encodeMessages(request: GenRequest, t: Translation): JsonObject[] {
  const turns: Turn[] = [];
  for (const message of request.messages) {
    if (message.name !== undefined) t.ignore('name');
    const blocks = encodeParts(message, t);
    if (blocks.length === 0) continue;
    const last = turns[turns.length - 1];
    if (last?.role === message.role) last.blocks.push(...blocks);
    else turns.push({ role: message.role, blocks });
  }
  if (turns.length === 0) t.refuse('messages', 'at least one message has to have content.');
  if (request.source !== 'anthropic-messages') trimPrefill(turns);
  return turns.map(encodeTurn);
}

function encodeTurn(turn: Turn): JsonObject {
  const only = turn.blocks[0];
  if (turn.blocks.length === 1 && only?.['type'] === 'text' && only['cache_control'] === undefined) {
    return { role: turn.role, content: only['text'] };
  }
  if (turn.role !== 'user') return { role: turn.role, content: turn.blocks };
  // Results have to come first in the turn that answers a tool call.
  const results = turn.blocks.filter((block) => block['type'] === 'tool_result');
  const others = turn.blocks.filter((block) => block['type'] !== 'tool_result');
  return { role: turn.role, content: [...results, ...others] };
}

/** A turn of the assistant at the end is continued by the model, and must not end in white space. */
function trimPrefill(turns: Turn[]): void {
  const last = turns[turns.length - 1];
  const block = last?.blocks.at(-1);
  if (last?.role !== 'assistant' || block?.['type'] !== 'text' || typeof block['text'] !== 'string') return;
  last.blocks[last.blocks.length - 1] = { ...block, text: block['text'].trimEnd() };
}

function encodeParts(message: Message, t: Translation): JsonObject[] {
  const blocks: JsonObject[] = [];
  for (const part of message.parts) {
    const block = encodePart(part, message.role, t);
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

function encodePart(part: Part, role: Message['role'], t: Translation): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // The provider refuses blank text blocks.
      if (part.text.trim() === '') return undefined;
      return { type: 'text', text: part.text, ...cacheControl(part.type === 'text' ? part.cache : undefined) };
    case 'image':
      return encodeImage(part, t);
    case 'file':
      return encodeFile(part, t);
    case 'audio':
      t.allows('audio_input');
      return undefined;
    case 'tool_call':
      return {
        type: 'tool_use',
        id: toolUseId(part.id),
        name: part.name,
        input: inputOf(part.args_json),
        ...cacheControl(part.cache),
      };
    case 'tool_result':
      return {
        type: 'tool_result',
        tool_use_id: toolUseId(part.call_id),
        ...encodeResult(part.content, t),
        ...(part.is_error === undefined ? {} : { is_error: part.is_error }),
        ...cacheControl(part.cache),
      };
    case 'thinking':
      return encodeThought(part, t);
    case 'opaque':
      return t.opaque(part, role) ? part.raw : undefined;
  }
}

export function cacheControl(cache: CacheMarker | undefined): JsonObject {
  if (cache === undefined) return {};
  return { cache_control: { type: 'ephemeral', ...(cache.ttl === undefined ? {} : { ttl: cache.ttl }) } };
}

/** Signed thinking of this shape goes back; foreign or unsigned thinking would be refused and is left out. */
function encodeThought(part: ThinkingPart, t: Translation): JsonObject | undefined {
  if (!isUsable(part)) {
    t.ignore('thinking_in_answer');
    return undefined;
  }
  if (part.redacted !== undefined) return { type: 'redacted_thinking', data: part.redacted };
  return { type: 'thinking', thinking: part.text, signature: part.signature };
}

function encodeImage(part: ImagePart, t: Translation): JsonObject {
  if (part.detail !== undefined && part.detail !== 'auto') t.ignore('detail');
  return { type: 'image', source: mediaSource(part.source), ...cacheControl(part.cache) };
}

function mediaSource(source: ImagePart['source']): JsonObject {
  return source.kind === 'url'
    ? { type: 'url', url: source.url }
    : { type: 'base64', media_type: source.media_type, data: source.data };
}

function encodeFile(part: FilePart, t: Translation): JsonObject | undefined {
  const source = part.source;
  if (source.kind === 'base64' && source.media_type !== 'application/pdf') {
    t.refuse('files', `a file of type "${source.media_type}" is not accepted; send a PDF, or the text itself.`);
    return undefined;
  }
  return {
    type: 'document',
    source:
      source.kind === 'text' ? { type: 'text', media_type: 'text/plain', data: source.text } : mediaSource(source),
    ...(part.name === undefined ? {} : { title: part.name }),
    ...cacheControl(part.cache),
  };
}

function encodeResult(content: (Part & { type: 'tool_result' })['content'], t: Translation): JsonObject {
  const only = content[0];
  if (content.length === 1 && only?.type === 'text' && only.cache === undefined) return { content: only.text };
  const blocks: JsonObject[] = [];
  for (const part of content) {
    if (part.type === 'image') blocks.push(encodeImage(part, t));
    else if (part.text.trim() !== '') blocks.push({ type: 'text', text: part.text, ...cacheControl(part.cache) });
  }
  return blocks.length === 0 ? {} : { content: blocks };
}

/** The API accepts letters, digits, `_` and `-` in ids; other makers put in more. The same id gives the same result. */
export function toolUseId(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]/g, (char) => `_${char.charCodeAt(0).toString(16)}_`);
}

/**
 * Arguments as the object that this shape wants. A model that wrote something else is shown its own words again, under a
 * name, so that the conversation can go on and a schema check at the tool still fails.
 */
export function inputOf(args_json: string): JsonObject {
  if (args_json.trim() === '') return {};
  const input = parseJsonObject(args_json);
  return isJsonObject(input) ? input : { unparsed_arguments: args_json };
}
