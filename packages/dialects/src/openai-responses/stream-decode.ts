import { type HostedUses, isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import { parseData } from '../frame-data.ts';
import { UseTally } from '../hosted-tools.ts';
import { decodeFailure } from './errors.ts';
import { annotationsOf, shifted } from './generated.ts';
import { toolOfItem, usesOfOutput } from './hosted-uses.ts';
import { decodeFinish } from './response.ts';
import { decodeUsage } from './usage.ts';

const NOTHING: readonly GenEvent[] = [];
const ORIGIN = 'openai-responses';

/** What is known of one output item while it streams. */
interface Item {
  /** Index among the function calls, for a function call. */
  tool?: number;
  /** Characters of arguments, or of text, that were passed on. */
  sent: number;
  /** Which of the two renderings of reasoning this item uses; the other repeats it and is left out. */
  reasoning?: 'summary' | 'text';
  /** Characters of text before the part that is being written, in all of the answer. */
  base: number;
  /** Annotations of that part that were passed on. */
  annotated: number;
  /** Part of the reasoning that is being written, to put a paragraph between parts. */
  part?: number;
}

/** Typed Responses events → events. Unknown types pass silently: the API grows by adding them. */
export function streamDecoder(): StreamDecoder {
  return new ResponsesDecoder();
}

class ResponsesDecoder implements StreamDecoder {
  readonly #uses: UseTally = new UseTally();
  #uses_of_all: HostedUses | undefined;
  readonly #items: Map<number, Item> = new Map();
  #tools: number = 0;
  #started: boolean = false;
  #chars: number = 0;
  #ended: boolean = false;

  /** Of the whole Response at its end, and until then of the items that are done. */
  get hosted_uses(): HostedUses | undefined {
    return this.#uses_of_all ?? this.#uses.uses;
  }

  push(frame: Frame): readonly GenEvent[] {
    if (frame.data === '' || frame.data === '[DONE]' || this.#ended) return NOTHING;
    const event = parseData(frame.data);
    const type = event['type'];
    if (type === 'error' || (type === undefined && isJsonObject(event['error']))) {
      return [{ type: 'error', error: decodeFailure(isJsonObject(event['error']) ? event['error'] : event) }];
    }
    const out: GenEvent[] = [];
    if (!this.#started) {
      this.#started = true;
      out.push(startOf(isJsonObject(event['response']) ? event['response'] : {}));
    }
    if (typeof type === 'string') this.#decode(type, event, out);
    return out;
  }

  #decode(type: string, event: JsonObject, out: GenEvent[]): void {
    switch (type) {
      case 'response.output_text.delta':
        this.#text(event, 'text', event['delta'], out);
        logprobs(event, out);
        break;
      case 'response.refusal.delta':
        this.#text(event, 'refusal', event['delta'], out);
        break;
      // Servers that do not stream a part send it whole when it is done.
      case 'response.output_text.done':
        if (this.#item(event).sent === 0) this.#text(event, 'text', event['text'], out);
        break;
      case 'response.refusal.done':
        if (this.#item(event).sent === 0) this.#text(event, 'refusal', event['refusal'], out);
        break;
      case 'response.content_part.added':
        Object.assign(this.#item(event), { sent: 0, base: this.#chars, annotated: 0 });
        break;
      case 'response.output_text.annotation.added':
        if (isJsonObject(event['annotation'])) this.#annotate(event, event['annotation'], out);
        break;
      // Servers that do not tell them one by one tell them with their part.
      case 'response.content_part.done':
        if (isJsonObject(event['part']) && this.#item(event).annotated === 0) {
          for (const one of annotationsOf(event['part'])) this.#annotate(event, one, out);
        }
        break;
      case 'response.reasoning_summary_text.delta':
        this.#thinking(event, 'summary', event['summary_index'], out);
        break;
      case 'response.reasoning_text.delta':
        this.#thinking(event, 'text', event['content_index'], out);
        break;
      case 'response.output_item.added':
        this.#added(event, out);
        break;
      case 'response.function_call_arguments.delta':
        this.#arguments(event, event['delta'], out);
        break;
      case 'response.function_call_arguments.done':
        this.#restOfArguments(event, event['arguments'], out);
        break;
      case 'response.output_item.done':
        this.#done(event, out);
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        this.#end(type, isJsonObject(event['response']) ? event['response'] : {}, out);
        break;
      default:
        opaquePiece(type, event, out);
    }
  }

  #item(event: JsonObject): Item {
    const index = typeof event['output_index'] === 'number' ? event['output_index'] : 0;
    let item = this.#items.get(index);
    if (item === undefined) {
      item = { sent: 0, base: this.#chars, annotated: 0 };
      this.#items.set(index, item);
    }
    return item;
  }

  #text(event: JsonObject, type: 'text' | 'refusal', delta: unknown, out: GenEvent[]): void {
    if (typeof delta !== 'string' || delta === '') return;
    this.#item(event).sent += delta.length;
    if (type === 'text') this.#chars += delta.length;
    out.push({ type, choice: 0, delta });
  }

  #annotate(event: JsonObject, annotation: JsonObject, out: GenEvent[]): void {
    const item = this.#item(event);
    item.annotated += 1;
    out.push({ type: 'annotation', choice: 0, annotation: shifted(annotation, item.base) });
  }

  #thinking(event: JsonObject, kind: 'summary' | 'text', part: unknown, out: GenEvent[]): void {
    const delta = event['delta'];
    const item = this.#item(event);
    item.reasoning ??= kind;
    if (item.reasoning !== kind || typeof delta !== 'string' || delta === '') return;
    const index = typeof part === 'number' ? part : 0;
    const gap = item.part !== undefined && item.part !== index ? '\n\n' : '';
    item.part = index;
    out.push({ type: 'thinking', choice: 0, delta: gap + delta, origin: ORIGIN });
  }

  #added(event: JsonObject, out: GenEvent[]): void {
    const it = event['item'];
    if (!isJsonObject(it) || it['type'] === 'message' || it['type'] === 'reasoning') return;
    if (it['type'] !== 'function_call') {
      out.push({ type: 'opaque_delta', choice: 0, delta: typeof it['name'] === 'string' ? it['name'] : '' });
      return;
    }
    this.#announce(event, it, out);
    this.#arguments(event, it['arguments'], out);
  }

  #announce(event: JsonObject, it: JsonObject, out: GenEvent[]): void {
    const item = this.#item(event);
    if (item.tool !== undefined) return;
    item.tool = this.#tools;
    this.#tools += 1;
    out.push({
      type: 'tool_call',
      choice: 0,
      index: item.tool,
      id: typeof it['call_id'] === 'string' ? it['call_id'] : `call_0_${item.tool}`,
      name: typeof it['name'] === 'string' ? it['name'] : '',
    });
  }

  #arguments(event: JsonObject, delta: unknown, out: GenEvent[]): void {
    const item = this.#item(event);
    if (item.tool === undefined || typeof delta !== 'string' || delta === '') return;
    item.sent += delta.length;
    out.push({ type: 'tool_args', choice: 0, index: item.tool, delta });
  }

  #restOfArguments(event: JsonObject, whole: unknown, out: GenEvent[]): void {
    if (typeof whole === 'string') this.#arguments(event, whole.slice(this.#item(event).sent), out);
  }

  #done(event: JsonObject, out: GenEvent[]): void {
    const it = event['item'];
    if (!isJsonObject(it)) return;
    this.#uses.add(toolOfItem(it));
    if (it['type'] === 'function_call') {
      this.#announce(event, it, out);
      this.#restOfArguments(event, it['arguments'], out);
    } else if (it['type'] === 'reasoning') {
      const data = it['encrypted_content'];
      if (typeof data === 'string' && data !== '') {
        out.push({ type: 'thinking_redacted', choice: 0, data, origin: ORIGIN });
      }
    } else if (it['type'] !== 'message') out.push({ type: 'opaque', choice: 0, origin: ORIGIN, raw: it });
  }

  #end(type: string, response: JsonObject, out: GenEvent[]): void {
    this.#ended = true;
    this.#uses_of_all = usesOfOutput(response['output']);
    const usage = decodeUsage(response['usage']);
    if (type === 'response.failed') {
      if (usage !== undefined) out.push({ type: 'usage', usage });
      out.push({ type: 'error', error: decodeFailure(response['error']) });
      return;
    }
    const status = type === 'response.incomplete' ? 'incomplete' : 'completed';
    out.push({ type: 'finish', choice: 0, reason: decodeFinish({ ...response, status }, this.#tools > 0) });
    if (usage !== undefined) out.push({ type: 'usage', usage });
    out.push({ type: 'end' });
  }
}

function startOf(response: JsonObject): GenEvent {
  return {
    type: 'start',
    id: typeof response['id'] === 'string' ? response['id'] : '',
    model: typeof response['model'] === 'string' ? response['model'] : '',
    created_s: typeof response['created_at'] === 'number' ? response['created_at'] : 0,
  };
}

/** Input of custom and hosted tools, sound, pictures that emerge. */
function opaquePiece(type: string, event: JsonObject, out: GenEvent[]): void {
  const picture = event['partial_image_b64'];
  const delta = event['delta'];
  if (typeof picture === 'string') out.push({ type: 'opaque_delta', choice: 0, delta: picture, media: true });
  else if (type === 'response.audio.delta' && typeof delta === 'string') {
    out.push({ type: 'opaque_delta', choice: 0, delta, media: true });
  } else if (type.endsWith('.delta') && typeof delta === 'string' && delta !== '') {
    out.push({ type: 'opaque_delta', choice: 0, delta });
  }
}

function logprobs(event: JsonObject, out: GenEvent[]): void {
  const entries = event['logprobs'];
  if (!Array.isArray(entries) || entries.length === 0) return;
  out.push({ type: 'logprobs', choice: 0, content: { content: entries, refusal: null } });
}
