import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { optional } from '../read.ts';
import { responseId } from './ids.ts';

export interface ResourceContext {
  readonly id: string;
  readonly model: string;
  /** The client's body; the Response repeats its settings. */
  readonly request?: JsonObject;
  /** Unix time at which the answer was complete. */
  readonly ended_s?: number;
}

export interface ResourceState {
  readonly created_s: number;
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly JsonObject[];
  readonly usage?: JsonObject;
  readonly incomplete?: 'max_output_tokens' | 'content_filter';
  readonly error?: { readonly code: string; readonly message: string };
}

/** The Response object, complete: clients built from the published schema want every field present. */
export function responseResource(ctx: ResourceContext, state: ResourceState): JsonObject {
  const request = ctx.request ?? {};
  const said = (key: string, otherwise: JsonValue): JsonValue => request[key] ?? otherwise;
  return {
    id: responseId(ctx.id),
    object: 'response',
    created_at: state.created_s,
    completed_at: state.status === 'completed' ? (ctx.ended_s ?? null) : null,
    status: state.status,
    background: false,
    error: state.error ?? null,
    incomplete_details: state.incomplete === undefined ? null : { reason: state.incomplete },
    instructions: said('instructions', null),
    max_output_tokens: said('max_output_tokens', null),
    max_tool_calls: said('max_tool_calls', null),
    metadata: said('metadata', {}),
    model: ctx.model,
    output: state.output,
    parallel_tool_calls: said('parallel_tool_calls', true),
    presence_penalty: said('presence_penalty', 0),
    frequency_penalty: said('frequency_penalty', 0),
    previous_response_id: null,
    prompt_cache_key: said('prompt_cache_key', null),
    reasoning: { effort: null, summary: null, ...(isJsonObject(request['reasoning']) ? request['reasoning'] : {}) },
    safety_identifier: said('safety_identifier', null),
    service_tier: said('service_tier', 'default'),
    store: false,
    temperature: said('temperature', 1),
    text: repeatText(request['text']),
    tool_choice: said('tool_choice', 'auto'),
    tools: repeatTools(request['tools']),
    top_logprobs: said('top_logprobs', 0),
    top_p: said('top_p', 1),
    truncation: said('truncation', 'disabled'),
    usage: state.usage ?? null,
    ...optional('user', request['user'] ?? undefined),
  };
}

function repeatText(text: JsonValue | undefined): JsonObject {
  const said = isJsonObject(text) ? text : {};
  const format = said['format'];
  if (!isJsonObject(format)) return { ...said, format: { type: 'text' } };
  if (format['type'] !== 'json_schema') return said;
  return { ...said, format: { description: null, strict: false, ...format } };
}

function repeatTools(tools: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(tools)) return [];
  return (tools as readonly JsonValue[]).map((tool) =>
    isJsonObject(tool) && tool['type'] === 'function'
      ? { description: null, parameters: null, strict: null, ...tool }
      : tool,
  );
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export function messageItem(id: string, status: ItemStatus, content: readonly JsonObject[]): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content };
}

export function outputText(text: string, logprobs: readonly JsonValue[]): JsonObject {
  return { type: 'output_text', text, annotations: [], logprobs };
}

export function callItem(
  id: string,
  status: ItemStatus,
  call: { call_id: string; name: string; args: string },
): JsonObject {
  return { id, type: 'function_call', status, call_id: call.call_id, name: call.name, arguments: call.args };
}

export function reasoningItem(id: string, text: string, encrypted: string | undefined): JsonObject {
  return {
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    ...(encrypted === undefined ? {} : { encrypted_content: encrypted }),
  };
}

/** Chat-shaped log-probabilities (the model's) → the entries of an `output_text` part. */
export function logprobEntries(value: JsonValue | undefined): readonly JsonValue[] {
  const content = isJsonObject(value) ? value['content'] : value;
  if (!Array.isArray(content)) return [];
  return (content as readonly JsonValue[]).filter(isJsonObject).map((entry) => {
    const top = Array.isArray(entry['top_logprobs']) ? (entry['top_logprobs'] as readonly JsonValue[]) : [];
    return {
      ...entry,
      bytes: entry['bytes'] ?? [],
      top_logprobs: top.filter(isJsonObject).map((other) => ({ ...other, bytes: other['bytes'] ?? [] })),
    };
  });
}
