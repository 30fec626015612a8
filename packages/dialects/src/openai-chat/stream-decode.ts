import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import type { GenEvent } from '../event.ts';
import { toolCallId } from '../tool-ids.ts';
import { decodeStreamError } from './errors.ts';
import { decodeAnnotations, decodeMedia } from './generated.ts';
import { argumentsText, contentText, decodeFinish, reasoningText } from './response.ts';
import { decodeUsage } from './usage.ts';

const END: readonly GenEvent[] = [{ type: 'end' }];
const NOTHING: readonly GenEvent[] = [];

/** Chat Completions chunks → events. */
export function streamDecoder(): StreamDecoder {
  let started = false;
  let id = '';
  const calls: Calls = new Map();
  return {
    push(frame: Frame): readonly GenEvent[] {
      if (frame.data === '') return NOTHING;
      if (frame.data === '[DONE]') return END;
      const chunk = parseData(frame.data);
      const error = chunk['error'];
      if (error !== undefined && error !== null) return [{ type: 'error', error: decodeStreamError(error) }];
      const events: GenEvent[] = [];
      if (!started) {
        started = true;
        const start = startOf(chunk);
        id = start.id;
        events.push(start);
      }
      const choices = chunk['choices'];
      if (Array.isArray(choices)) {
        for (const choice of choices as readonly JsonValue[])
          if (isJsonObject(choice)) decodeChoice(choice, events, calls, id);
      }
      const usage = decodeUsage(chunk['usage']);
      if (usage !== undefined) events.push({ type: 'usage', usage });
      return events;
    },
  };
}

function startOf(chunk: JsonObject): GenEvent & { type: 'start' } {
  return {
    type: 'start',
    id: typeof chunk['id'] === 'string' ? chunk['id'] : '',
    model: typeof chunk['model'] === 'string' ? chunk['model'] : '',
    created_s: typeof chunk['created'] === 'number' ? chunk['created'] : 0,
  };
}

function decodeChoice(value: JsonObject, events: GenEvent[], all: Calls, id: string): void {
  const choice = typeof value['index'] === 'number' ? value['index'] : 0;
  const delta = value['delta'];
  if (isJsonObject(delta)) {
    const reasoning = reasoningText(delta);
    if (reasoning !== undefined) events.push({ type: 'thinking', choice, delta: reasoning, origin: 'openai-chat' });
    const content = contentText(delta['content']);
    if (content !== '') events.push({ type: 'text', choice, delta: content });
    const refusal = delta['refusal'];
    if (typeof refusal === 'string' && refusal !== '') events.push({ type: 'refusal', choice, delta: refusal });
    for (const annotation of decodeAnnotations(delta['annotations'])) {
      events.push({ type: 'annotation', choice, annotation });
    }
    decodeOpaque(delta, choice, events);
    for (const raw of decodeMedia(delta)) {
      events.push({ type: 'opaque', choice, origin: 'openai-chat', raw, is_media: true });
    }
    const calls = delta['tool_calls'];
    if (Array.isArray(calls)) {
      for (const call of calls as readonly JsonValue[]) {
        if (isJsonObject(call)) decodeToolCall(call, choice, events, all, id);
      }
    }
  }
  const logprobs = value['logprobs'];
  if (isJsonObject(logprobs)) events.push({ type: 'logprobs', choice, content: logprobs });
  const finish = value['finish_reason'];
  // Some compatible servers send an empty reason until the last chunk.
  if (typeof finish === 'string' && finish !== '')
    events.push({ type: 'finish', choice, reason: decodeFinish(finish) });
}

/** What no other shape can say: sound with its transcript, pictures, and calls in the shape before that of tools. */
function decodeOpaque(delta: JsonObject, choice: number, events: GenEvent[]): void {
  const { audio, images, function_call } = delta;
  if (isJsonObject(audio)) {
    opaqueTexts(audio, ['transcript'], choice, events);
    opaqueTexts(audio, ['data'], choice, events, { media: true });
  }
  if (isJsonObject(function_call)) opaqueTexts(function_call, ['name', 'arguments'], choice, events);
  if (!Array.isArray(images)) return;
  for (const image of (images as readonly JsonValue[]).filter(isJsonObject)) {
    if (isJsonObject(image['image_url'])) opaqueTexts(image['image_url'], ['url'], choice, events, { media: true });
  }
}

function opaqueTexts(
  of: JsonObject,
  keys: readonly string[],
  choice: number,
  events: GenEvent[],
  media: { media?: true } = {},
): void {
  for (const key of keys) {
    const delta = of[key];
    if (typeof delta === 'string' && delta !== '') events.push({ type: 'opaque_delta', choice, delta, ...media });
  }
}

/** A tool call of the stream: `wire_index` is what the server counts it by, its place in the list what is told on. */
interface Call {
  readonly wire_index: unknown;
  readonly wire_id: string;
  announced: boolean;
}

type Calls = Map<number, Call[]>;

function decodeToolCall(piece: JsonObject, choice: number, events: GenEvent[], all: Calls, salt: string): void {
  const calls = all.get(choice) ?? [];
  all.set(choice, calls);
  if (isJsonObject(piece['custom'])) {
    opaqueTexts(piece['custom'], ['name', 'input'], choice, events);
    return;
  }
  const fn = isJsonObject(piece['function']) ? piece['function'] : {};
  const name = typeof fn['name'] === 'string' ? fn['name'] : '';
  const delta = isJsonObject(fn['arguments']) ? argumentsText(fn['arguments']) : fn['arguments'];
  const has_args = typeof delta === 'string' && delta !== '';
  const index = callOf(piece, calls);
  const call = calls[index];
  if (call === undefined) return;
  if (!call.announced && (name !== '' || has_args)) {
    call.announced = true;
    const id = call.wire_id === '' ? toolCallId(salt, choice, index) : call.wire_id;
    events.push({ type: 'tool_call', choice, index, id, name });
  }
  if (has_args) events.push({ type: 'tool_args', choice, index, delta });
}

/**
 * The call that a piece belongs to, begun when it is new. Calls are begun with an id and continued by index alone; some
 * compatible servers leave the index out, or give every call the index 0, and are told apart by the id.
 */
function callOf(piece: JsonObject, calls: Call[]): number {
  const wire_id = typeof piece['id'] === 'string' ? piece['id'] : '';
  const wire_index = piece['index'];
  const found = calls.findLastIndex((call) => wire_index === undefined || call.wire_index === wire_index);
  const before = calls[found];
  if (before !== undefined && (wire_id === '' || before.wire_id === '' || before.wire_id === wire_id)) return found;
  return calls.push({ wire_index, wire_id, announced: false }) - 1;
}
