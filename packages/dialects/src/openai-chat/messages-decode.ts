import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Message, OpaquePart, Part, TextPart, ToolCallPart } from '../model.ts';
import { arr, bad, item, needStr, obj, optional, parseDataUrl, str } from '../read.ts';
import { addSystem } from '../system-messages.ts';
import { readSignature } from './thought-signature.ts';

export function decodeMessages(list: readonly JsonValue[]): { system: TextPart[]; messages: Message[] } {
  const system: TextPart[] = [];
  const messages: Message[] = [];
  const tool_names = new Map<string, string>();
  const calls = new LegacyCalls();
  list.forEach((value, i) => {
    const path = `messages[${i}]`;
    const m = item(value, path);
    const role = needStr(m, 'role', `${path}.role`);
    if (role === 'system' || role === 'developer') {
      addSystem(system, messages, textParts(m['content'], `${path}.content`));
    } else if (role === 'tool' || role === 'function') {
      const call_id = role === 'tool' ? needStr(m, 'tool_call_id', `${path}.tool_call_id`) : calls.answered(m, path);
      appendToolResult(messages, m, call_id, path, tool_names);
    } else if (role === 'user' || role === 'assistant') {
      messages.push(decodeMessage(m, role, path, tool_names, calls));
    } else {
      throw bad(`${path}.role`, 'one of system, developer, user, assistant, tool');
    }
  });
  return { system, messages };
}

/** Consecutive tool messages belong to one turn: they become parts of one user message. */
function appendToolResult(
  messages: Message[],
  m: JsonObject,
  call_id: string,
  path: string,
  names: ReadonlyMap<string, string>,
): void {
  const part: Part = {
    type: 'tool_result',
    call_id,
    content: textParts(m['content'], `${path}.content`),
    ...optional('name', names.get(call_id)),
  };
  const last = messages[messages.length - 1];
  if (last?.role === 'user' && last.parts.every((p) => p.type === 'tool_result')) {
    messages[messages.length - 1] = { role: 'user', parts: [...last.parts, part] };
  } else {
    messages.push({ role: 'user', parts: [part] });
  }
}

function decodeMessage(
  m: JsonObject,
  role: 'user' | 'assistant',
  path: string,
  tool_names: Map<string, string>,
  legacy: LegacyCalls,
): Message {
  const parts: Part[] = [];
  // Not OpenAI's own, but what compatible servers answer and some clients send back.
  const reasoning = role === 'assistant' ? str(m, 'reasoning_content', `${path}.reasoning_content`) : undefined;
  if (reasoning !== undefined) parts.push({ type: 'thinking', text: reasoning, origin: 'openai-chat' });
  const content = m['content'];
  if (typeof content === 'string') {
    if (content !== '' || role === 'user') parts.push({ type: 'text', text: content });
  } else if (Array.isArray(content)) {
    (content as readonly JsonValue[]).forEach((c, k) => {
      parts.push(decodePart(item(c, `${path}.content[${k}]`), `${path}.content[${k}]`));
    });
  } else if (role === 'user') {
    throw bad(`${path}.content`, 'a string or an array of parts');
  }
  const refusal = str(m, 'refusal', `${path}.refusal`);
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  (arr(m, 'tool_calls', `${path}.tool_calls`) ?? []).forEach((c, k) => {
    const call = decodeToolCall(item(c, `${path}.tool_calls[${k}]`), `${path}.tool_calls[${k}]`);
    tool_names.set(call.id, call.name);
    parts.push(call);
  });
  if (role === 'assistant') {
    const call = legacy.made(m, path);
    if (call !== undefined) {
      tool_names.set(call.id, call.name);
      parts.push(call);
    }
    // An id of what was spoken, which only its maker keeps.
    if (isJsonObject(m['audio'])) parts.push(opaque({ audio: m['audio'] }, `${path}.audio`));
  }
  return { role, parts, ...optional('name', str(m, 'name', `${path}.name`)) };
}

/** Calls of the days of `functions`: one in a turn, without an id, and answered by name. */
class LegacyCalls {
  readonly #ids: Map<string, string> = new Map();

  made(m: JsonObject, path: string): ToolCallPart | undefined {
    const call = obj(m, 'function_call', `${path}.function_call`);
    if (call === undefined) return undefined;
    const name = needStr(call, 'name', `${path}.function_call.name`);
    const id = `call_of_${path.replace(/[^a-z0-9]+/g, '_')}`;
    this.#ids.set(name, id);
    const args_json = str(call, 'arguments', `${path}.function_call.arguments`) || '{}';
    return { type: 'tool_call', id, name, args_json };
  }

  answered(m: JsonObject, path: string): string {
    const given = str(m, 'tool_call_id', `${path}.tool_call_id`);
    const name = str(m, 'name', `${path}.name`) ?? '';
    return given ?? this.#ids.get(name) ?? `call_of_${name}`;
  }
}

function decodeToolCall(c: JsonObject, path: string): ToolCallPart {
  const fn = obj(c, 'function', `${path}.function`);
  if (fn === undefined) throw bad(`${path}.function`, 'an object; it is missing');
  return {
    type: 'tool_call',
    id: needStr(c, 'id', `${path}.id`),
    name: needStr(fn, 'name', `${path}.function.name`),
    args_json: str(fn, 'arguments', `${path}.function.arguments`) || '{}',
    ...optional('signature', readSignature(c)),
  };
}

function textParts(content: JsonValue | undefined, path: string): TextPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw bad(path, 'a string or an array of text parts');
  return (content as readonly JsonValue[]).map((c, k) => {
    const part = item(c, `${path}[${k}]`);
    return { type: 'text', text: needStr(part, 'text', `${path}[${k}].text`) };
  });
}

function decodePart(part: JsonObject, path: string): Part {
  const type = needStr(part, 'type', `${path}.type`);
  switch (type) {
    case 'text':
      return { type: 'text', text: needStr(part, 'text', `${path}.text`) };
    case 'refusal':
      return { type: 'refusal', text: needStr(part, 'refusal', `${path}.refusal`) };
    case 'image_url': {
      const image = obj(part, 'image_url', `${path}.image_url`);
      if (image === undefined) throw bad(`${path}.image_url`, 'an object; it is missing');
      const url = needStr(image, 'url', `${path}.image_url.url`);
      const data = parseDataUrl(url);
      return {
        type: 'image',
        source: data === undefined ? { kind: 'url', url } : { kind: 'base64', ...data },
        ...optional('detail', str(image, 'detail', `${path}.image_url.detail`)),
      };
    }
    case 'input_audio': {
      const audio = obj(part, 'input_audio', `${path}.input_audio`) ?? {};
      return {
        type: 'audio',
        format: needStr(audio, 'format', `${path}.input_audio.format`),
        data: needStr(audio, 'data', `${path}.input_audio.data`),
      };
    }
    case 'file':
      return decodeFile(part, path);
    default:
      throw bad(`${path}.type`, 'one of text, image_url, input_audio, file, refusal');
  }
}

/** What OpenAI or a compatible server may know, and the model does not. */
function opaque(raw: JsonObject, path: string): OpaquePart {
  return { type: 'opaque', origin: 'openai-chat', raw, path };
}

/** A file by id is an upload to one provider account: only that provider can read it. */
function decodeFile(part: JsonObject, path: string): Part {
  const file = obj(part, 'file', `${path}.file`) ?? {};
  if (typeof file['file_id'] === 'string' && typeof file['file_data'] !== 'string') {
    return opaque(part, `${path}.file.file_id`);
  }
  const data = str(file, 'file_data', `${path}.file.file_data`);
  const parsed = data === undefined ? undefined : parseDataUrl(data);
  if (parsed === undefined) {
    throw bad(`${path}.file.file_data`, 'a base64 data URL');
  }
  return {
    type: 'file',
    source: { kind: 'base64', ...parsed },
    ...optional('name', str(file, 'filename', `${path}.file.filename`)),
  };
}
