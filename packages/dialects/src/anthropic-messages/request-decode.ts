import type { JsonObject } from '@atp-router/kernel';
import type {
  GenRequest,
  HostedTool,
  Message,
  Reasoning,
  ReasoningEffort,
  ResponseFormat,
  TextPart,
  Tool,
  ToolChoice,
} from '../model.ts';
import { arr, bad, bool, int, item, needStr, num, obj, optional, rest, str } from '../read.ts';
import { addSystem } from '../system-messages.ts';
import { decodeCache, decodeContent, decodeTexts } from './content-decode.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'tools',
  'tool_choice',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
]);

const KNOWN_OF_TOOL: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'input_schema',
  'strict',
  'cache_control',
]);

const EFFORTS: ReadonlySet<unknown> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

/** Messages body → internal model. Also reads `count_tokens` bodies, which are the same without `max_tokens`. */
export function decodeRequest(body: JsonObject): GenRequest {
  const { system, messages } = decodeMessages(body);
  const tools = decodeTools(body);
  const choice = obj(body, 'tool_choice');
  const disable_parallel = choice && bool(choice, 'disable_parallel_tool_use', 'tool_choice.disable_parallel_tool_use');
  const config = obj(body, 'output_config') ?? {};
  const thinking = decodeThinking(body);
  // Effort also steers how much is said. With thinking switched off it must not read as a wish for reasoning elsewhere.
  const off = thinking?.kind === 'known' && thinking.reasoning.budget_tokens === 0;
  const effort = !off && EFFORTS.has(config['effort']) ? (config['effort'] as ReasoningEffort) : undefined;
  const metadata = obj(body, 'metadata') ?? {};
  const more_metadata = rest(metadata, new Set(['user_id']));
  return {
    source: 'anthropic-messages',
    model: needStr(body, 'model'),
    stream: bool(body, 'stream') ?? false,
    include_usage: true,
    system,
    messages,
    ...tools,
    stop: decodeStop(body),
    n: 1,
    ...optional('tool_choice', decodeToolChoice(choice)),
    ...optional('parallel_tool_calls', disable_parallel === undefined ? undefined : !disable_parallel),
    ...optional('max_output_tokens', int(body, 'max_tokens', 0, 100_000_000)),
    ...optional('temperature', num(body, 'temperature')),
    ...optional('top_p', num(body, 'top_p')),
    ...optional('top_k', num(body, 'top_k')),
    ...optional('response_format', decodeFormat(body, config)),
    ...optional('reasoning', decodeReasoning(thinking, effort)),
    ...optional('user', str(metadata, 'user_id', 'metadata.user_id')),
    ...optional('metadata', Object.keys(more_metadata).length === 0 ? undefined : more_metadata),
    ...optional('service_tier', str(body, 'service_tier')),
    extra: {
      ...rest(body, KNOWN),
      ...unreadConfig(config, effort),
      ...(thinking?.kind === 'other' ? thinking.raw : {}),
    },
  };
}

/** Parts of `output_config` that the model has no place for. */
function unreadConfig(config: JsonObject, effort: ReasoningEffort | undefined): JsonObject {
  const left = rest(config, new Set(effort === undefined ? ['format'] : ['format', 'effort']));
  const told = Object.values(left).some((value) => value !== null && value !== undefined);
  return told ? { output_config: left } : {};
}

function decodeMessages(body: JsonObject): { system: TextPart[]; messages: Message[] } {
  const system = decodeTexts(body['system'], 'system');
  const messages: Message[] = [];
  const names = new Map<string, string>();
  (arr(body, 'messages') ?? []).forEach((value, i) => {
    const path = `messages[${i}]`;
    const m = item(value, path);
    const role = needStr(m, 'role', `${path}.role`);
    if (role === 'system') {
      addSystem(system, messages, decodeTexts(m['content'], `${path}.content`));
    } else if (role === 'user' || role === 'assistant') {
      const parts = decodeContent(m['content'], `${path}.content`, role).map((part) => {
        if (part.type === 'tool_call') names.set(part.id, part.name);
        return part.type === 'tool_result' ? { ...part, ...optional('name', names.get(part.call_id)) } : part;
      });
      messages.push({ role, parts });
    } else {
      throw bad(`${path}.role`, 'one of user, assistant, system');
    }
  });
  return { system, messages };
}

function decodeTools(body: JsonObject): { tools: Tool[]; hosted_tools: HostedTool[] } {
  const tools: Tool[] = [];
  const hosted_tools: HostedTool[] = [];
  (arr(body, 'tools') ?? []).forEach((value, i) => {
    const path = `tools[${i}]`;
    const raw = item(value, path);
    const type = str(raw, 'type', `${path}.type`) ?? 'custom';
    if (type !== 'custom') {
      hosted_tools.push({ type, origin: 'anthropic-messages', raw, path });
      return;
    }
    const extra = rest(raw, KNOWN_OF_TOOL);
    const schema = obj(raw, 'input_schema', `${path}.input_schema`);
    if (schema === undefined) throw bad(`${path}.input_schema`, 'an object; it is missing');
    tools.push({
      name: needStr(raw, 'name', `${path}.name`),
      parameters: schema,
      ...optional('description', str(raw, 'description', `${path}.description`)),
      ...optional('strict', bool(raw, 'strict', `${path}.strict`)),
      ...decodeCache(raw, path),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    });
  });
  return { tools, hosted_tools };
}

function decodeToolChoice(choice: JsonObject | undefined): ToolChoice | undefined {
  if (choice === undefined) return undefined;
  const type = needStr(choice, 'type', 'tool_choice.type');
  if (type === 'auto' || type === 'none') return { type };
  if (type === 'any') return { type: 'required' };
  if (type === 'tool') return { type, name: needStr(choice, 'name', 'tool_choice.name') };
  throw bad('tool_choice.type', 'one of auto, any, tool, none');
}

function decodeStop(body: JsonObject): readonly string[] {
  const stop = arr(body, 'stop_sequences') ?? [];
  if (!stop.every((s) => typeof s === 'string')) throw bad('stop_sequences', 'an array of strings');
  return stop as readonly string[];
}

/** `output_config.format`, or `output_format` as the beta of structured outputs called it. */
function decodeFormat(body: JsonObject, config: JsonObject): ResponseFormat | undefined {
  const path = config['format'] === undefined ? 'output_format' : 'output_config.format';
  const format = obj(config, 'format', path) ?? obj(body, 'output_format');
  if (format === undefined) return undefined;
  if (needStr(format, 'type', `${path}.type`) !== 'json_schema') throw bad(`${path}.type`, '"json_schema"');
  const schema = obj(format, 'schema', `${path}.schema`);
  if (schema === undefined) throw bad(`${path}.schema`, 'an object; it is missing');
  // Messages always enforces the schema, which is what other shapes call strict.
  return { type: 'json_schema', name: str(format, 'name', `${path}.name`) ?? 'answer', schema, strict: true };
}

type Thinking =
  | { readonly kind: 'known'; readonly reasoning: Reasoning }
  /** A mode that the model has no word for: passed on to the same shape only. */
  | { readonly kind: 'other'; readonly raw: JsonObject };

function decodeThinking(body: JsonObject): Thinking | undefined {
  const thinking = obj(body, 'thinking');
  if (thinking === undefined) return undefined;
  const display = str(thinking, 'display', 'thinking.display');
  const include = display === undefined ? {} : { include: display !== 'omitted' };
  switch (needStr(thinking, 'type', 'thinking.type')) {
    case 'enabled': {
      const budget_tokens = int(thinking, 'budget_tokens', 1, 100_000_000, 'thinking.budget_tokens');
      if (budget_tokens === undefined) throw bad('thinking.budget_tokens', 'an integer; it is missing');
      return { kind: 'known', reasoning: { budget_tokens, ...include } };
    }
    case 'adaptive':
      return { kind: 'known', reasoning: { adaptive: true, ...include } };
    case 'disabled':
      return { kind: 'known', reasoning: { budget_tokens: 0 } };
    default:
      return { kind: 'other', raw: { thinking } };
  }
}

function decodeReasoning(thinking: Thinking | undefined, effort: ReasoningEffort | undefined): Reasoning | undefined {
  const known = thinking?.kind === 'known' ? thinking.reasoning : undefined;
  if (known === undefined && effort === undefined) return undefined;
  return { ...known, ...optional('effort', effort) };
}
