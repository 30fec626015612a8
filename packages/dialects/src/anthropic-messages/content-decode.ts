import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { CacheMarker, ImagePart, OpaquePart, Part, TextPart } from '../model.ts';
import { arr, bad, bool, item, needStr, obj, optional, str } from '../read.ts';

/** `content` of a message: a string or an array of blocks. */
export function decodeContent(content: JsonValue | undefined, path: string, role: 'user' | 'assistant'): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw bad(path, 'a string or an array of content blocks');
  return (content as readonly JsonValue[]).map((value, i) => {
    const at = `${path}[${i}]`;
    const part = decodeBlock(item(value, at), at);
    // In an answer it is what a hosted tool left there.
    return part.type === 'opaque' && role === 'user' ? { ...part, path: at } : part;
  });
}

/** Text that takes no other block: the system prompt. */
export function decodeTexts(content: JsonValue | undefined, path: string): TextPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw bad(path, 'a string or an array of text blocks');
  return (content as readonly JsonValue[]).map((value, i) => {
    const at = `${path}[${i}]`;
    const block = item(value, at);
    if (needStr(block, 'type', `${at}.type`) !== 'text') throw bad(`${at}.type`, '"text"');
    return decodeText(block, at);
  });
}

export function decodeCache(o: JsonObject, path: string): { cache?: CacheMarker } {
  const marker = obj(o, 'cache_control', `${path}.cache_control`);
  if (marker === undefined) return {};
  return { cache: optional('ttl', str(marker, 'ttl', `${path}.cache_control.ttl`)) };
}

/** A block whose meaning stays with the provider that made it or holds what it refers to. */
function opaque(raw: JsonObject): OpaquePart {
  return { type: 'opaque', origin: 'anthropic-messages', raw };
}

function decodeBlock(block: JsonObject, path: string): Part {
  switch (needStr(block, 'type', `${path}.type`)) {
    case 'text':
      return decodeText(block, path);
    case 'image':
      return decodeImage(block, path) ?? opaque(block);
    case 'document':
      return decodeDocument(block, path) ?? opaque(block);
    case 'tool_use':
      return decodeToolUse(block, path);
    case 'tool_result':
      return decodeToolResult(block, path);
    case 'thinking':
      return {
        type: 'thinking',
        text: needStr(block, 'thinking', `${path}.thinking`),
        ...optional('signature', str(block, 'signature', `${path}.signature`)),
        origin: 'anthropic-messages',
      };
    case 'redacted_thinking':
      return {
        type: 'thinking',
        text: '',
        redacted: needStr(block, 'data', `${path}.data`),
        origin: 'anthropic-messages',
      };
    default:
      return opaque(block);
  }
}

function decodeText(block: JsonObject, path: string): TextPart {
  return { type: 'text', text: needStr(block, 'text', `${path}.text`), ...decodeCache(block, path) };
}

/** Undefined for an uploaded file, whose id means something to one provider account only. */
function decodeImage(block: JsonObject, path: string): ImagePart | undefined {
  const source = obj(block, 'source', `${path}.source`);
  if (source === undefined) throw bad(`${path}.source`, 'an object; it is missing');
  const cache = decodeCache(block, path);
  switch (needStr(source, 'type', `${path}.source.type`)) {
    case 'base64':
      return { type: 'image', source: decodeBase64(source, path), ...cache };
    case 'url':
      return { type: 'image', source: { kind: 'url', url: needStr(source, 'url', `${path}.source.url`) }, ...cache };
    case 'file':
      return undefined;
    default:
      throw bad(`${path}.source.type`, 'one of base64, url, file');
  }
}

function decodeBase64(source: JsonObject, path: string): { kind: 'base64'; media_type: string; data: string } {
  return {
    kind: 'base64',
    media_type: needStr(source, 'media_type', `${path}.source.media_type`),
    data: needStr(source, 'data', `${path}.source.data`),
  };
}

/** Undefined for what other shapes cannot say: uploaded files, documents made of blocks, citations, a context note. */
function decodeDocument(block: JsonObject, path: string): Part | undefined {
  const source = obj(block, 'source', `${path}.source`);
  if (source === undefined) throw bad(`${path}.source`, 'an object; it is missing');
  if (obj(block, 'citations', `${path}.citations`)?.['enabled'] === true) return undefined;
  if (str(block, 'context', `${path}.context`) !== undefined) return undefined;
  const more = { ...optional('name', str(block, 'title', `${path}.title`)), ...decodeCache(block, path) };
  switch (needStr(source, 'type', `${path}.source.type`)) {
    case 'base64':
      return { type: 'file', source: decodeBase64(source, path), ...more };
    case 'url':
      return { type: 'file', source: { kind: 'url', url: needStr(source, 'url', `${path}.source.url`) }, ...more };
    case 'text':
      return { type: 'file', source: { kind: 'text', text: needStr(source, 'data', `${path}.source.data`) }, ...more };
    default:
      return undefined;
  }
}

function decodeToolUse(block: JsonObject, path: string): Part {
  const id = needStr(block, 'id', `${path}.id`);
  const name = needStr(block, 'name', `${path}.name`);
  const input = obj(block, 'input', `${path}.input`) ?? {};
  // A call that hosted code made, or a member of a provider's toolset, is not an ordinary function call.
  const caller = obj(block, 'caller', `${path}.caller`)?.['type'] ?? 'direct';
  if (caller !== 'direct' || typeof block['toolset_name'] === 'string') return opaque(block);
  return { type: 'tool_call', id, name, args_json: JSON.stringify(input), ...decodeCache(block, path) };
}

function decodeToolResult(block: JsonObject, path: string): Part {
  const call_id = needStr(block, 'tool_use_id', `${path}.tool_use_id`);
  const content = decodeResultContent(block, path);
  if (content === undefined || typeof block['toolset_name'] === 'string') return opaque(block);
  return {
    type: 'tool_result',
    call_id,
    content,
    ...optional('is_error', bool(block, 'is_error', `${path}.is_error`)),
    ...decodeCache(block, path),
  };
}

/** Undefined when it holds more than text and images (search results, tool references, documents). */
function decodeResultContent(block: JsonObject, path: string): (TextPart | ImagePart)[] | undefined {
  const content = block['content'];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const out: (TextPart | ImagePart)[] = [];
  const blocks = arr(block, 'content', `${path}.content`) ?? [];
  for (let i = 0; i < blocks.length; i += 1) {
    const at = `${path}.content[${i}]`;
    const inner = item(blocks[i], at);
    const type = needStr(inner, 'type', `${at}.type`);
    const part = type === 'text' ? decodeText(inner, at) : type === 'image' ? decodeImage(inner, at) : undefined;
    if (part === undefined) return undefined;
    out.push(part);
  }
  return out;
}
