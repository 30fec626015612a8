import { type JsonObject, type JsonValue, isJsonObject } from '@atp-router/kernel';
import type {
  GenRequest,
  HostedTool,
  Message,
  Part,
  Reasoning,
  ReasoningEffort,
  ResponseFormat,
  TextPart,
  Tool,
  ToolCallPart,
  ToolChoice,
} from '../model.ts';
import { arr, bad, bool, int, item, needStr, num, obj, optional, parseDataUrl, rest, str } from '../read.ts';
import { addSystem } from '../system-messages.ts';
import { readSignature } from './thought-signature.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop',
  'seed',
  'n',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'user',
  'metadata',
  'service_tier',
  'web_search_options',
]);

export const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** Chat Completions body → internal model. */
export function decodeRequest(body: JsonObject): GenRequest {
  for (const legacy of ['functions', 'function_call']) {
    if (body[legacy] !== undefined) throw bad(legacy, 'replaced by "tools" and "tool_choice", which superseded it');
  }
  const { system, messages } = decodeMessages(arr(body, 'messages') ?? []);
  const reasoning = decodeReasoning(body);
  const format = decodeFormat(body);
  const choice = decodeToolChoice(body['tool_choice']);
  return {
    source: 'openai-chat',
    model: needStr(body, 'model'),
    stream: bool(body, 'stream') ?? false,
    include_usage: obj(body, 'stream_options')?.['include_usage'] === true,
    system,
    messages,
    tools: (arr(body, 'tools') ?? []).map(decodeTool),
    hosted_tools: decodeHosted(body),
    stop: decodeStop(body['stop']),
    n: int(body, 'n', 1, 128) ?? 1,
    ...optional('tool_choice', choice),
    ...optional('parallel_tool_calls', bool(body, 'parallel_tool_calls')),
    ...optional(
      'max_output_tokens',
      int(body, 'max_completion_tokens', 1, 100_000_000) ?? int(body, 'max_tokens', 1, 100_000_000),
    ),
    ...optional('temperature', num(body, 'temperature')),
    ...optional('top_p', num(body, 'top_p')),
    ...optional('top_k', num(body, 'top_k')),
    ...optional('seed', num(body, 'seed')),
    ...optional('frequency_penalty', num(body, 'frequency_penalty')),
    ...optional('presence_penalty', num(body, 'presence_penalty')),
    ...optional('logit_bias', obj(body, 'logit_bias')),
    ...optional('logprobs', decodeLogprobs(body)),
    ...optional('response_format', format),
    ...optional('reasoning', reasoning),
    ...optional('user', str(body, 'user')),
    ...optional('metadata', obj(body, 'metadata')),
    ...optional('service_tier', str(body, 'service_tier')),
    extra: rest(body, KNOWN),
  };
}

/** The one hosted tool of this shape is an option of its own and not an entry of `tools`. */
function decodeHosted(body: JsonObject): HostedTool[] {
  const raw = obj(body, 'web_search_options');
  return raw === undefined ? [] : [{ type: 'web_search_options', origin: 'openai-chat', raw }];
}

function decodeLogprobs(body: JsonObject): { top: number } | undefined {
  return bool(body, 'logprobs') === true ? { top: int(body, 'top_logprobs', 0, 20) ?? 0 } : undefined;
}

function decodeReasoning(body: JsonObject): Reasoning | undefined {
  const effort = str(body, 'reasoning_effort');
  if (effort === undefined) return undefined;
  if (!EFFORTS.includes(effort)) throw bad('reasoning_effort', `one of ${EFFORTS.join(', ')}`);
  return { effort: effort as ReasoningEffort };
}

export function decodeStop(value: JsonValue | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || !value.every((s) => typeof s === 'string')) {
    throw bad('stop', 'a string or an array of strings');
  }
  return value as readonly string[];
}

function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const format = obj(body, 'response_format');
  if (format === undefined) return undefined;
  const type = needStr(format, 'type', 'response_format.type');
  if (type === 'text' || type === 'json_object') return { type };
  if (type !== 'json_schema') throw bad('response_format.type', 'one of text, json_object, json_schema');
  const spec = obj(format, 'json_schema', 'response_format.json_schema');
  if (spec === undefined) throw bad('response_format.json_schema', 'an object; it is missing');
  return {
    type,
    name: str(spec, 'name', 'response_format.json_schema.name') ?? 'answer',
    schema: obj(spec, 'schema', 'response_format.json_schema.schema') ?? {},
    ...optional('strict', bool(spec, 'strict', 'response_format.json_schema.strict')),
    ...optional('description', str(spec, 'description', 'response_format.json_schema.description')),
  };
}

function decodeTool(value: JsonValue, index: number): Tool {
  const path = `tools[${index}]`;
  const tool = item(value, path);
  const type = str(tool, 'type', `${path}.type`) ?? 'function';
  if (type !== 'function') throw bad(`${path}.type`, '"function": custom tools are not supported here');
  const fn = obj(tool, 'function', `${path}.function`);
  if (fn === undefined) throw bad(`${path}.function`, 'an object; it is missing');
  return {
    name: needStr(fn, 'name', `${path}.function.name`),
    parameters: obj(fn, 'parameters', `${path}.function.parameters`) ?? { type: 'object', properties: {} },
    ...optional('description', str(fn, 'description', `${path}.function.description`)),
    ...optional('strict', bool(fn, 'strict', `${path}.function.strict`)),
  };
}

function decodeToolChoice(value: JsonValue | undefined): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  if (isJsonObject(value) && isJsonObject(value['function'])) {
    return { type: 'tool', name: needStr(value['function'], 'name', 'tool_choice.function.name') };
  }
  throw bad('tool_choice', '"auto", "none", "required" or {"type":"function","function":{"name":…}}');
}

function decodeMessages(list: readonly JsonValue[]): { system: TextPart[]; messages: Message[] } {
  const system: TextPart[] = [];
  const messages: Message[] = [];
  const tool_names = new Map<string, string>();
  list.forEach((value, i) => {
    const path = `messages[${i}]`;
    const m = item(value, path);
    const role = needStr(m, 'role', `${path}.role`);
    if (role === 'system' || role === 'developer') {
      addSystem(system, messages, textParts(m['content'], `${path}.content`));
    } else if (role === 'tool' || role === 'function') {
      appendToolResult(messages, m, path, tool_names);
    } else if (role === 'user' || role === 'assistant') {
      messages.push(decodeMessage(m, role, path, tool_names));
    } else {
      throw bad(`${path}.role`, 'one of system, developer, user, assistant, tool');
    }
  });
  return { system, messages };
}

/** Consecutive tool messages belong to one turn: they become parts of one user message. */
function appendToolResult(messages: Message[], m: JsonObject, path: string, names: Map<string, string>): void {
  const call_id = needStr(m, 'tool_call_id', `${path}.tool_call_id`);
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
  return { role, parts, ...optional('name', str(m, 'name', `${path}.name`)) };
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
      return decodeFile(obj(part, 'file', `${path}.file`) ?? {}, path);
    default:
      throw bad(`${path}.type`, 'one of text, image_url, input_audio, file, refusal');
  }
}

function decodeFile(file: JsonObject, path: string): Part {
  const data = str(file, 'file_data', `${path}.file.file_data`);
  const parsed = data === undefined ? undefined : parseDataUrl(data);
  if (parsed === undefined) {
    throw bad(`${path}.file.file_data`, 'a base64 data URL: uploaded file ids belong to one provider account');
  }
  return {
    type: 'file',
    source: { kind: 'base64', ...parsed },
    ...optional('name', str(file, 'filename', `${path}.file.filename`)),
  };
}
