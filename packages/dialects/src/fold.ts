import type { JsonObject, JsonValue, Usage } from '@atp-router/kernel';
import type { GenEvent } from './event.ts';
import type { Choice, FinishReason, GenResponse, ThinkingPart, ToolCallPart } from './model.ts';

type OutPart = Choice['parts'][number];

/** The events that a stream of this answer would have had: lets stages see whole answers and streams alike. */
export function eventsOf(response: GenResponse): GenEvent[] {
  const events: GenEvent[] = [{ type: 'start', id: response.id, model: response.model, created_s: response.created_s }];
  response.choices.forEach((choice, index) => {
    let calls = 0;
    for (const part of choice.parts) {
      partEvents(part, index, calls, events);
      if (part.type === 'tool_call') calls += 1;
    }
    if (choice.logprobs !== undefined) events.push({ type: 'logprobs', choice: index, content: choice.logprobs });
    events.push({
      type: 'finish',
      choice: index,
      reason: choice.finish,
      ...(choice.stop_sequence === undefined ? {} : { stop_sequence: choice.stop_sequence }),
    });
  });
  if (response.usage !== undefined) events.push({ type: 'usage', usage: response.usage });
  events.push({ type: 'end' });
  return events;
}

function partEvents(part: OutPart, choice: number, index: number, events: GenEvent[]): void {
  switch (part.type) {
    case 'text':
      events.push({ type: 'text', choice, delta: part.text });
      for (const annotation of part.annotations ?? []) events.push({ type: 'annotation', choice, annotation });
      break;
    case 'refusal':
      events.push({ type: 'refusal', choice, delta: part.text });
      break;
    case 'thinking':
      if (part.redacted !== undefined) {
        events.push({ type: 'thinking_redacted', choice, data: part.redacted, origin: part.origin });
      } else events.push({ type: 'thinking', choice, delta: part.text, origin: part.origin });
      if (part.signature !== undefined) events.push({ type: 'thinking_signature', choice, signature: part.signature });
      break;
    case 'opaque':
      events.push({ type: 'opaque', choice, origin: part.origin, raw: part.raw });
      break;
    default:
      events.push({
        type: 'tool_call',
        choice,
        index,
        id: part.id,
        name: part.name,
        ...(part.signature === undefined ? {} : { signature: part.signature }),
      });
      events.push({ type: 'tool_args', choice, index, delta: part.args_json });
  }
}

interface OpenChoice {
  parts: OutPart[];
  calls: Map<number, number>;
  finish: FinishReason;
  stop_sequence?: string;
  logprobs?: JsonValue;
}

/** Events of a complete stream → the whole answer. The inverse of `eventsOf` up to the splitting of deltas. */
export function foldEvents(events: Iterable<GenEvent>): GenResponse {
  let head = { id: '', model: '', created_s: 0 };
  let usage: Usage | undefined;
  const choices: OpenChoice[] = [];
  const at = (index: number): OpenChoice => {
    let choice = choices[index];
    if (choice === undefined) {
      choice = { parts: [], calls: new Map(), finish: 'stop' };
      choices[index] = choice;
    }
    return choice;
  };
  for (const event of events) {
    if (event.type === 'start') head = { id: event.id, model: event.model, created_s: event.created_s };
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type !== 'end' && event.type !== 'error') foldInto(at(event.choice), event);
  }
  return {
    ...head,
    choices: Array.from(choices, (c) => closed(c ?? { parts: [], calls: new Map(), finish: 'stop' })),
    ...(usage === undefined ? {} : { usage }),
  };
}

function closed(c: OpenChoice): Choice {
  return {
    parts: c.parts,
    finish: c.finish,
    ...(c.stop_sequence === undefined ? {} : { stop_sequence: c.stop_sequence }),
    ...(c.logprobs === undefined ? {} : { logprobs: c.logprobs }),
  };
}

type ChoiceEvent = Exclude<GenEvent, { type: 'start' | 'usage' | 'end' | 'error' }>;

function foldInto(choice: OpenChoice, event: ChoiceEvent): void {
  const parts = choice.parts;
  const last = parts[parts.length - 1];
  switch (event.type) {
    case 'text':
    case 'refusal':
      if (last?.type === event.type) parts[parts.length - 1] = { ...last, text: last.text + event.delta };
      else parts.push({ type: event.type, text: event.delta });
      break;
    case 'thinking':
      if (last?.type === 'thinking' && last.redacted === undefined && last.signature === undefined) {
        parts[parts.length - 1] = { ...last, text: last.text + event.delta };
      } else parts.push({ type: 'thinking', text: event.delta, origin: event.origin });
      break;
    case 'thinking_signature':
      if (last?.type === 'thinking') parts[parts.length - 1] = { ...last, signature: event.signature } as ThinkingPart;
      break;
    case 'thinking_redacted':
      parts.push({ type: 'thinking', text: '', redacted: event.data, origin: event.origin ?? 'anthropic-messages' });
      break;
    case 'annotation':
      annotate(parts, event.annotation);
      break;
    case 'opaque':
      parts.push({ type: 'opaque', origin: event.origin, raw: event.raw });
      break;
    case 'opaque_delta':
      break;
    case 'tool_call':
      choice.calls.set(event.index, parts.length);
      parts.push({
        type: 'tool_call',
        id: event.id,
        name: event.name,
        args_json: '',
        ...(event.signature === undefined ? {} : { signature: event.signature }),
      });
      break;
    case 'tool_args': {
      const position = choice.calls.get(event.index);
      const call = position === undefined ? undefined : (parts[position] as ToolCallPart);
      if (position !== undefined && call !== undefined) {
        parts[position] = { ...call, args_json: call.args_json + event.delta };
      }
      break;
    }
    case 'logprobs':
      choice.logprobs = joinLogprobs(choice.logprobs, event.content);
      break;
    case 'finish':
      choice.finish = event.reason;
      if (event.stop_sequence !== undefined) choice.stop_sequence = event.stop_sequence;
  }
}

function annotate(parts: OutPart[], annotation: JsonObject): void {
  const at = parts.findLastIndex((part) => part.type === 'text');
  const part = parts[at];
  if (part?.type === 'text') parts[at] = { ...part, annotations: [...(part.annotations ?? []), annotation] };
}

/** Chat Completions streams `{content: […]}` piece by piece; the whole answer has one list. */
function joinLogprobs(before: JsonValue | undefined, more: JsonValue): JsonValue {
  const a = contentOf(before);
  const b = contentOf(more);
  return a !== undefined && b !== undefined ? { content: [...a, ...b] } : more;
}

function contentOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const content = (value as { readonly content?: JsonValue })['content'];
  return Array.isArray(content) ? (content as readonly JsonValue[]) : undefined;
}
