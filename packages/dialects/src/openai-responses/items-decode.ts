import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type {
  FilePart,
  ImagePart,
  Message,
  OpaquePart,
  Part,
  TextPart,
  ThinkingPart,
  ToolResultPart,
} from '../model.ts';
import { arr, bad, item, needStr, optional, parseDataUrl, str } from '../read.ts';
import { addSystem } from '../system-messages.ts';

export interface DecodedInput {
  readonly system: TextPart[];
  readonly messages: Message[];
}

/** `input` of a Responses request. Items of one model turn (reasoning, text, calls) become one assistant message. */
export function decodeInput(input: JsonValue | undefined): DecodedInput {
  const out: DecodedInput = { system: [], messages: [] };
  if (typeof input === 'string') {
    out.messages.push({ role: 'user', parts: [{ type: 'text', text: input }] });
    return out;
  }
  if (!Array.isArray(input)) throw bad('input', 'a string or an array of items');
  const names = new Map<string, string>();
  (input as readonly JsonValue[]).forEach((value, i) => {
    decodeItem(item(value, `input[${i}]`), `input[${i}]`, out, names);
  });
  return out;
}

function decodeItem(it: JsonObject, path: string, out: DecodedInput, names: Map<string, string>): void {
  const type = str(it, 'type', `${path}.type`) ?? (it['role'] === undefined ? 'item_reference' : 'message');
  switch (type) {
    case 'message':
      decodeMessage(it, path, out);
      break;
    case 'function_call': {
      const call_id = needStr(it, 'call_id', `${path}.call_id`);
      const name = needStr(it, 'name', `${path}.name`);
      names.set(call_id, name);
      const args_json = str(it, 'arguments', `${path}.arguments`) ?? '{}';
      addAssistant(out.messages, [{ type: 'tool_call', id: call_id, name, args_json }]);
      break;
    }
    case 'function_call_output':
      addUser(out.messages, decodeToolResult(it, path, names));
      break;
    case 'reasoning':
      addAssistant(out.messages, [decodeReasoning(it, path)]);
      break;
    case 'item_reference':
      throw new AtpError(
        'invalid_request',
        `"${path}" refers to a stored item, and this router stores none: send the item itself.`,
        { param: path },
      );
    default:
      if (isTrace(type)) addAssistant(out.messages, [opaque(it)]);
      else addUser(out.messages, opaque(it, `${path}.type`));
  }
}

/** What a hosted tool left behind; its outcome stands in the answer's text, so other shapes may do without it. */
function isTrace(type: string): boolean {
  return type.endsWith('_call') || type === 'mcp_list_tools' || type === 'mcp_approval_request';
}

function opaque(raw: JsonObject, path?: string): OpaquePart {
  return { type: 'opaque', origin: 'openai-responses', raw, ...optional('path', path) };
}

function decodeMessage(it: JsonObject, path: string, out: DecodedInput): void {
  const role = needStr(it, 'role', `${path}.role`);
  const parts = decodeContent(it['content'], `${path}.content`);
  if (role === 'user') out.messages.push({ role, parts });
  else if (role === 'assistant') addAssistant(out.messages, parts);
  else if (role === 'system' || role === 'developer') {
    const texts = parts.filter((part) => part.type === 'text');
    if (texts.length < parts.length) throw bad(`${path}.content`, 'text only');
    addSystem(out.system, out.messages, texts);
  } else throw bad(`${path}.role`, 'one of user, assistant, system, developer');
}

function addAssistant(messages: Message[], parts: readonly Part[]): void {
  const last = messages[messages.length - 1];
  if (last?.role === 'assistant')
    messages[messages.length - 1] = { role: 'assistant', parts: [...last.parts, ...parts] };
  else messages.push({ role: 'assistant', parts });
}

/** Consecutive results belong to one turn: they become parts of one user message. */
function addUser(messages: Message[], part: ToolResultPart | OpaquePart): void {
  const last = messages[messages.length - 1];
  if (last?.role === 'user' && last.parts.every((p) => p.type === 'tool_result')) {
    messages[messages.length - 1] = { role: 'user', parts: [...last.parts, part] };
  } else {
    messages.push({ role: 'user', parts: [part] });
  }
}

function decodeToolResult(
  it: JsonObject,
  path: string,
  names: ReadonlyMap<string, string>,
): ToolResultPart | OpaquePart {
  const call_id = needStr(it, 'call_id', `${path}.call_id`);
  const content: (TextPart | ImagePart)[] = [];
  for (const part of decodeContent(it['output'], `${path}.output`)) {
    if (part.type !== 'text' && part.type !== 'image') return opaque(it, `${path}.output`);
    content.push(part);
  }
  return { type: 'tool_result', call_id, content, ...optional('name', names.get(call_id)) };
}

function decodeReasoning(it: JsonObject, path: string): ThinkingPart {
  const raw = arr(it, 'content', `${path}.content`) ?? [];
  const summary = arr(it, 'summary', `${path}.summary`) ?? [];
  return {
    type: 'thinking',
    text: joinTexts(raw.length > 0 ? raw : summary),
    origin: 'openai-responses',
    ...optional('redacted', str(it, 'encrypted_content', `${path}.encrypted_content`)),
    ...optional('signature', str(it, 'id', `${path}.id`)),
  };
}

/** Reasoning comes in parts that read as paragraphs. */
export function joinTexts(parts: readonly JsonValue[]): string {
  const texts: string[] = [];
  for (const part of parts) if (isJsonObject(part) && typeof part['text'] === 'string') texts.push(part['text']);
  return texts.join('\n\n');
}

function decodeContent(content: JsonValue | undefined, path: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) throw bad(path, 'a string or an array of parts');
  return (content as readonly JsonValue[]).map((c, k) => decodePart(item(c, `${path}[${k}]`), `${path}[${k}]`));
}

function decodePart(part: JsonObject, path: string): Part {
  const type = needStr(part, 'type', `${path}.type`);
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: needStr(part, 'text', `${path}.text`) };
    case 'refusal':
      return { type: 'refusal', text: needStr(part, 'refusal', `${path}.refusal`) };
    case 'input_image':
      return decodeImage(part, path);
    case 'input_file':
      return decodeFile(part, path);
    default:
      return opaque(part, `${path}.type`);
  }
}

/** Pictures and files by id are uploads to one provider account: only that provider can read them. */
function decodeImage(part: JsonObject, path: string): ImagePart | OpaquePart {
  const url = str(part, 'image_url', `${path}.image_url`);
  if (url === undefined) {
    if (typeof part['file_id'] === 'string') return opaque(part, `${path}.file_id`);
    throw bad(`${path}.image_url`, 'an URL or a base64 data URL');
  }
  const data = parseDataUrl(url);
  return {
    type: 'image',
    source: data === undefined ? { kind: 'url', url } : { kind: 'base64', ...data },
    ...optional('detail', str(part, 'detail', `${path}.detail`)),
  };
}

function decodeFile(part: JsonObject, path: string): FilePart | OpaquePart {
  const name = optional('name', str(part, 'filename', `${path}.filename`));
  const url = str(part, 'file_url', `${path}.file_url`);
  if (url !== undefined) return { type: 'file', source: { kind: 'url', url }, ...name };
  const data = str(part, 'file_data', `${path}.file_data`);
  if (data === undefined && typeof part['file_id'] === 'string') return opaque(part, `${path}.file_id`);
  const parsed = data === undefined ? undefined : parseDataUrl(data);
  if (parsed !== undefined) return { type: 'file', source: { kind: 'base64', ...parsed }, ...name };
  if (data === undefined || data.startsWith('data:'))
    throw bad(`${path}.file_data`, 'base64 data or a base64 data URL');
  const media_type = name.name?.endsWith('.pdf') === true ? 'application/pdf' : 'application/octet-stream';
  return { type: 'file', source: { kind: 'base64', media_type, data }, ...name };
}
