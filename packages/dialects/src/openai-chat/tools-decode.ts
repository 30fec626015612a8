import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { HostedTool, Tool, ToolChoice } from '../model.ts';
import { arr, bad, bool, item, needStr, obj, optional, str } from '../read.ts';

interface Tools {
  readonly functions: readonly Tool[];
  readonly hosted: readonly HostedTool[];
  readonly choice?: ToolChoice;
  /** `tool_choice` as it came, where the model has no word for it. */
  readonly unread?: JsonObject;
}

export function decodeTools(body: JsonObject): Tools {
  const functions: Tool[] = [];
  const hosted: HostedTool[] = [];
  (arr(body, 'tools') ?? []).forEach((value, index) => {
    const path = `tools[${index}]`;
    const tool = item(value, path);
    const type = str(tool, 'type', `${path}.type`) ?? 'function';
    if (type === 'function') functions.push(decodeFunction(tool, path));
    else hosted.push({ type, origin: 'openai-chat', raw: tool, path });
  });
  // The one hosted tool of OpenAI's own is an option and not an entry of `tools`.
  const search = obj(body, 'web_search_options');
  if (search !== undefined) {
    hosted.push({ type: 'web_search_options', origin: 'openai-chat', raw: search, path: 'web_search_options' });
  }
  return decodeChoice(body['tool_choice'], { functions, hosted });
}

function decodeFunction(tool: JsonObject, path: string): Tool {
  const fn = obj(tool, 'function', `${path}.function`);
  if (fn === undefined) throw bad(`${path}.function`, 'an object; it is missing');
  return {
    name: needStr(fn, 'name', `${path}.function.name`),
    parameters: obj(fn, 'parameters', `${path}.function.parameters`) ?? { type: 'object', properties: {} },
    ...optional('description', str(fn, 'description', `${path}.function.description`)),
    ...optional('strict', bool(fn, 'strict', `${path}.function.strict`)),
  };
}

function decodeChoice(value: JsonValue | undefined, tools: Tools): Tools {
  if (value === undefined || value === null) return tools;
  if (value === 'auto' || value === 'none' || value === 'required') return { ...tools, choice: { type: value } };
  const type = isJsonObject(value) ? (value['type'] ?? 'function') : undefined;
  if (!isJsonObject(value) || typeof type !== 'string') {
    throw bad('tool_choice', '"auto", "none", "required" or {"type":"function","function":{"name":…}}');
  }
  if (type === 'allowed_tools') return decodeAllowed(value, tools);
  if (type !== 'function') return { ...tools, unread: { tool_choice: value } };
  const fn = obj(value, 'function', 'tool_choice.function');
  if (fn === undefined) throw bad('tool_choice.function', 'an object; it is missing');
  return { ...tools, choice: { type: 'tool', name: needStr(fn, 'name', 'tool_choice.function.name') } };
}

/** `allowed_tools` says which of the tools may be used: the same as sending only these. */
function decodeAllowed(value: JsonObject, tools: Tools): Tools {
  const allowed = obj(value, 'allowed_tools', 'tool_choice.allowed_tools');
  if (allowed === undefined) throw bad('tool_choice.allowed_tools', 'an object; it is missing');
  const mode = str(allowed, 'mode', 'tool_choice.allowed_tools.mode') ?? 'auto';
  if (mode !== 'auto' && mode !== 'required') throw bad('tool_choice.allowed_tools.mode', '"auto" or "required"');
  const path = 'tool_choice.allowed_tools.tools';
  const names = new Set<string>();
  (arr(allowed, 'tools', path) ?? []).forEach((entry, i) => {
    const tool = item(entry, `${path}[${i}]`);
    const type = needStr(tool, 'type', `${path}[${i}].type`);
    names.add(keyOf(type, nameIn(tool, type)));
  });
  return {
    functions: tools.functions.filter((tool) => names.has(keyOf('function', tool.name))),
    hosted: tools.hosted.filter(
      ({ type, raw }) => type === 'web_search_options' || names.has(keyOf(type, nameIn(raw, type))),
    ),
    choice: { type: mode },
  };
}

/** The name that a tool has under its own type, as `{type: "custom", custom: {name}}`. */
function nameIn(tool: JsonObject, type: string): string {
  const inner = tool[type];
  return isJsonObject(inner) && typeof inner['name'] === 'string' ? inner['name'] : '';
}

function keyOf(type: string, name: string): string {
  return `${type} ${name}`;
}
