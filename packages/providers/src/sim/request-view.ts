import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** The parts of a Chat Completions request that a simulated answer depends on. */
export interface RequestView {
  readonly model: string;
  readonly stream: boolean;
  readonly include_usage: boolean;
  readonly n: number;
  readonly max_tokens: number | undefined;
  readonly stop: readonly string[];
  readonly logprobs: number | undefined;
  readonly thinks: boolean;
  readonly tools: readonly SimTool[];
  readonly format: Format;
  /** Text of the last user message. */
  readonly prompt: string;
  readonly prompt_tokens: number;
}

export interface SimTool {
  readonly name: string;
  readonly parameters: JsonObject;
  /** It has to be called now, because the request says so or the prompt names it. */
  readonly called: boolean;
}

export type Format =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | { readonly type: 'json_schema'; readonly schema: JsonObject };

/** As many alternatives as OpenAI allows. */
const N_MAX = 128;

/** Ranges of OpenAI's API reference. They change nothing here, but a request that OpenAI refuses must not work either. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  temperature: [0, 2],
  top_p: [0, 1],
  frequency_penalty: [-2, 2],
  presence_penalty: [-2, 2],
};

/** What is wrong with the sampling parameters, if anything. */
export function badSampling(body: JsonObject): string | undefined {
  for (const [name, [min, max]] of Object.entries(RANGES)) {
    const value = body[name] ?? undefined;
    if (value === undefined || (typeof value === 'number' && value >= min && value <= max)) continue;
    return `"${name}" must be a number from ${min} to ${max}.`;
  }
  return undefined;
}

export function viewOf(body: JsonObject): RequestView {
  const messages = objectsOf(body['messages']);
  const prompt = lastUserText(messages);
  const max = body['max_completion_tokens'] ?? body['max_tokens'];
  const effort = body['reasoning_effort'];
  const options = body['stream_options'];
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    stream: body['stream'] === true,
    include_usage: isJsonObject(options) && options['include_usage'] === true,
    n: Math.min(N_MAX, Math.max(1, integer(body['n']) ?? 1)),
    max_tokens: integer(max),
    stop: textsOf(body['stop']),
    logprobs: body['logprobs'] === true ? (integer(body['top_logprobs']) ?? 0) : undefined,
    thinks: typeof effort === 'string' && effort !== 'none',
    tools: toolsOf(body, messages, prompt),
    format: formatOf(body['response_format']),
    prompt,
    prompt_tokens: promptTokens(body, messages),
  };
}

function integer(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  const list = typeof value === 'string' ? [value] : Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  return list.filter((text) => typeof text === 'string').filter((text) => text !== '');
}

function lastUserText(messages: readonly JsonObject[]): string {
  const last = messages.findLast((message) => message['role'] === 'user');
  return last === undefined ? '' : textOf(last['content']);
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return objectsOf(content)
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
    .join(' ');
}

function formatOf(value: JsonValue | undefined): Format {
  if (!isJsonObject(value)) return { type: 'text' };
  if (value['type'] === 'json_object') return { type: 'json_object' };
  if (value['type'] !== 'json_schema') return { type: 'text' };
  const spec = isJsonObject(value['json_schema']) ? value['json_schema'] : {};
  return { type: 'json_schema', schema: isJsonObject(spec['schema']) ? spec['schema'] : {} };
}

/**
 * With `auto` a tool is called when the last message is the user's and names it: agents under test can steer the
 * simulation by their words, and a loop ends as soon as the result is there.
 */
function toolsOf(body: JsonObject, messages: readonly JsonObject[], prompt: string): readonly SimTool[] {
  const declared = objectsOf(body['tools']).flatMap((tool) => {
    const fn = tool['function'];
    return isJsonObject(fn) && typeof fn['name'] === 'string'
      ? [{ name: fn['name'], parameters: isJsonObject(fn['parameters']) ? fn['parameters'] : {} }]
      : [];
  });
  const choice = choiceOf(body['tool_choice']);
  const is_users_turn = messages[messages.length - 1]?.['role'] === 'user';
  const named = declared.filter((tool) => choice.allowed?.includes(tool.name) !== false && mentions(prompt, tool.name));
  let called: readonly string[] = [];
  if (choice.mode === 'required') {
    const first = declared.find((tool) => choice.allowed?.includes(tool.name) !== false);
    called = named.length > 0 ? named.map((tool) => tool.name) : first === undefined ? [] : [first.name];
  } else if (choice.mode === 'auto' && is_users_turn) called = named.map((tool) => tool.name);
  if (body['parallel_tool_calls'] === false) called = called.slice(0, 1);
  return declared.map((tool) => ({ ...tool, called: called.includes(tool.name) }));
}

interface Choice {
  readonly mode: 'auto' | 'none' | 'required';
  /** Absent: all of them. */
  readonly allowed?: readonly string[];
}

function choiceOf(value: JsonValue | undefined): Choice {
  if (value === 'none' || value === 'required') return { mode: value };
  if (!isJsonObject(value)) return { mode: 'auto' };
  const fn = value['function'];
  if (isJsonObject(fn) && typeof fn['name'] === 'string') return { mode: 'required', allowed: [fn['name']] };
  const some = value['allowed_tools'];
  if (!isJsonObject(some)) return { mode: 'auto' };
  const allowed = objectsOf(some['tools']).flatMap((tool) => {
    const named = isJsonObject(tool['function']) ? tool['function']['name'] : tool['name'];
    return typeof named === 'string' ? [named] : [];
  });
  return { mode: some['mode'] === 'required' ? 'required' : 'auto', allowed };
}

/** `get_weather` is named by "get_weather" and by "get weather", in any case. */
function mentions(prompt: string, name: string): boolean {
  const plain = (text: string): string => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  return plain(prompt).includes(plain(name).replace(/ +/g, ' '));
}

/** Four bytes a token, some for each message, a fixed number for a picture: what byte models of real tokenizers say. */
function promptTokens(body: JsonObject, messages: readonly JsonObject[]): number {
  let chars = 0;
  let media = 0;
  for (const message of messages) {
    chars += textOf(message['content']).length;
    const calls = message['tool_calls'];
    if (calls !== undefined) chars += JSON.stringify(calls).length;
    media += objectsOf(message['content']).filter((part) => part['type'] !== 'text').length;
  }
  const tools = body['tools'];
  if (tools !== undefined) chars += JSON.stringify(tools).length;
  return Math.ceil(chars / 4) + messages.length * 3 + media * 85 + 3;
}
