import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { GenRequest, HostedTool, Reasoning, ReasoningEffort, ResponseFormat, Tool, ToolChoice } from '../model.ts';
import { EFFORTS } from '../openai-chat/request-decode.ts';
import { arr, bad, bool, int, item, needStr, num, obj, optional, rest, str } from '../read.ts';
import { decodeInput } from './items-decode.ts';
import { wantsLogprobs } from './probe.ts';
import { refuseStoredState, wantsStore } from './state.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_logprobs',
  'frequency_penalty',
  'presence_penalty',
  'include',
  'text',
  'reasoning',
  'metadata',
  'user',
  'service_tier',
  'store',
  'previous_response_id',
  'conversation',
  'background',
]);

const KNOWN_OF_TOOL: ReadonlySet<string> = new Set(['type', 'name', 'parameters', 'description', 'strict']);

/** Responses body → internal model. */
export function decodeRequest(body: JsonObject): GenRequest {
  refuseStoredState(body);
  const { system, messages } = decodeInput(body['input']);
  const instructions = str(body, 'instructions');
  const tools = decodeTools(arr(body, 'tools') ?? []);
  const { choice, functions, hosted, unread } = decodeToolChoice(body['tool_choice'], tools);
  return {
    source: 'openai-responses',
    model: needStr(body, 'model'),
    stream: bool(body, 'stream') ?? false,
    include_usage: true,
    system: instructions === undefined ? system : [{ type: 'text', text: instructions }, ...system],
    messages,
    tools: functions,
    hosted_tools: hosted,
    stop: [],
    n: 1,
    ...optional('tool_choice', choice),
    ...optional('parallel_tool_calls', bool(body, 'parallel_tool_calls')),
    ...optional('max_output_tokens', int(body, 'max_output_tokens', 1, 100_000_000)),
    ...optional('temperature', num(body, 'temperature')),
    ...optional('top_p', num(body, 'top_p')),
    ...optional('frequency_penalty', num(body, 'frequency_penalty')),
    ...optional('presence_penalty', num(body, 'presence_penalty')),
    ...optional('logprobs', wantsLogprobs(body) ? { top: int(body, 'top_logprobs', 0, 20) ?? 0 } : undefined),
    ...optional('response_format', decodeFormat(body)),
    ...optional('reasoning', decodeReasoning(body)),
    ...optional('user', str(body, 'user')),
    ...optional('metadata', obj(body, 'metadata')),
    ...optional('service_tier', str(body, 'service_tier')),
    extra: { ...decodeExtra(body), ...unread },
  };
}

/**
 * Fields without a place in the model, also those inside `text`, `reasoning` and `include`. `store` appears when the
 * client left it on, so that every provider's encoder reports it as ignored.
 */
function decodeExtra(body: JsonObject): JsonObject {
  const text = rest(obj(body, 'text') ?? {}, new Set(['format']));
  const reasoning = rest(obj(body, 'reasoning') ?? {}, new Set(['effort']));
  const include = (arr(body, 'include') ?? []).filter((name) => name !== 'message.output_text.logprobs');
  return {
    ...rest(body, KNOWN),
    ...(Object.keys(text).length === 0 ? {} : { text }),
    ...(Object.keys(reasoning).length === 0 ? {} : { reasoning }),
    ...(include.length === 0 ? {} : { include }),
    ...(wantsStore(body) ? { store: true } : {}),
  };
}

interface Tools {
  readonly functions: readonly Tool[];
  readonly hosted: readonly HostedTool[];
  readonly choice?: ToolChoice;
  /** `tool_choice` as it came, where the model has no word for it. */
  readonly unread?: JsonObject;
}

function decodeTools(list: readonly JsonValue[]): Tools {
  const functions: Tool[] = [];
  const hosted: HostedTool[] = [];
  list.forEach((value, i) => {
    const path = `tools[${i}]`;
    const tool = item(value, path);
    const type = needStr(tool, 'type', `${path}.type`);
    if (type !== 'function') {
      hosted.push({ type, origin: 'openai-responses', raw: tool, path });
      return;
    }
    const extra = rest(tool, KNOWN_OF_TOOL);
    functions.push({
      name: needStr(tool, 'name', `${path}.name`),
      parameters: obj(tool, 'parameters', `${path}.parameters`) ?? { type: 'object', properties: {} },
      ...optional('description', str(tool, 'description', `${path}.description`)),
      ...optional('strict', bool(tool, 'strict', `${path}.strict`)),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    });
  });
  return { functions, hosted };
}

function decodeToolChoice(value: JsonValue | undefined, tools: Tools): Tools {
  if (value === undefined || value === null) return tools;
  if (value === 'auto' || value === 'none' || value === 'required') return { ...tools, choice: { type: value } };
  if (isJsonObject(value)) {
    if (value['type'] === 'function') {
      return { ...tools, choice: { type: 'tool', name: needStr(value, 'name', 'tool_choice.name') } };
    }
    if (value['type'] === 'allowed_tools') return decodeAllowed(value, tools);
    if (typeof value['type'] === 'string') return { ...tools, unread: { tool_choice: value } };
  }
  throw bad('tool_choice', '"auto", "none", "required" or {"type":"function","name":…}');
}

/** `allowed_tools` says which of the tools may be used: the same as sending only these. */
function decodeAllowed(value: JsonObject, tools: Tools): Tools {
  const mode = str(value, 'mode', 'tool_choice.mode') ?? 'auto';
  if (mode !== 'auto' && mode !== 'required' && mode !== 'none') {
    throw bad('tool_choice.mode', '"auto", "required" or "none"');
  }
  const allowed = (arr(value, 'tools', 'tool_choice.tools') ?? []).map((entry, i) => {
    const path = `tool_choice.tools[${i}]`;
    const tool = item(entry, path);
    if (needStr(tool, 'type', `${path}.type`) === 'function') needStr(tool, 'name', `${path}.name`);
    return tool;
  });
  return {
    functions: tools.functions.filter(({ name }) =>
      allowed.some((tool) => tool['type'] === 'function' && tool['name'] === name),
    ),
    hosted: tools.hosted.filter(({ raw }) => allowed.some((tool) => names(tool, raw))),
    choice: { type: mode },
  };
}

/** Whether an entry of `allowed_tools` means this declaration: by type, and by the name where it gives one. */
function names(entry: JsonObject, declared: JsonObject): boolean {
  return ['type', 'name', 'server_label'].every((key) => entry[key] === undefined || entry[key] === declared[key]);
}

function decodeFormat(body: JsonObject): ResponseFormat | undefined {
  const text = obj(body, 'text');
  const format = text === undefined ? undefined : obj(text, 'format', 'text.format');
  if (format === undefined) return undefined;
  const type = needStr(format, 'type', 'text.format.type');
  if (type === 'text' || type === 'json_object') return { type };
  if (type !== 'json_schema') throw bad('text.format.type', 'one of text, json_object, json_schema');
  return {
    type,
    name: str(format, 'name', 'text.format.name') ?? 'answer',
    schema: obj(format, 'schema', 'text.format.schema') ?? {},
    ...optional('strict', bool(format, 'strict', 'text.format.strict')),
    ...optional('description', str(format, 'description', 'text.format.description')),
  };
}

function decodeReasoning(body: JsonObject): Reasoning | undefined {
  const reasoning = obj(body, 'reasoning');
  if (reasoning === undefined) return undefined;
  const effort = str(reasoning, 'effort', 'reasoning.effort');
  if (effort !== undefined && !EFFORTS.includes(effort)) throw bad('reasoning.effort', `one of ${EFFORTS.join(', ')}`);
  const summary =
    str(reasoning, 'summary', 'reasoning.summary') ?? str(reasoning, 'generate_summary', 'reasoning.generate_summary');
  if (effort === undefined && summary === undefined) return undefined;
  return {
    ...optional('effort', effort as ReasoningEffort | undefined),
    ...(summary === undefined ? {} : { include: true }),
  };
}
