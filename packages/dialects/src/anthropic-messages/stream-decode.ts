import { type HostedUses, isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import { UseTally } from '../hosted-tools.ts';
import type { GenEvent } from '../event.ts';
import type { PromptUsage } from '../model.ts';
import { parseJsonObject } from '../remote-error.ts';
import { decodeErrorObject } from './errors.ts';
import { reportedUses, toolOfResult } from './hosted-uses.ts';
import { decodeFinish, isPlainToolUse } from './response.ts';
import { decodeUsage, mergeUsage } from './usage.ts';

const END: readonly GenEvent[] = [{ type: 'end' }];
const NOTHING: readonly GenEvent[] = [];
const ORIGIN = 'anthropic-messages';

/** A block that has begun and not yet stopped. */
type OpenBlock =
  | { readonly kind: 'plain' }
  | { readonly kind: 'thinking'; shown: boolean }
  | { readonly kind: 'tool'; readonly index: number; readonly input: unknown; args_seen: boolean }
  | { readonly kind: 'opaque'; readonly raw: JsonObject; args: string };

/** Messages events → internal events. Events and block types that later versions add are passed over. */
export function streamDecoder(): StreamDecoder {
  return new Decoder();
}

class Decoder implements StreamDecoder {
  readonly #results: UseTally = new UseTally();
  readonly #blocks: Map<unknown, OpenBlock> = new Map();
  #tools: number = 0;
  #usage: JsonObject = {};
  #reported_uses: HostedUses | undefined;

  /** The report comes with the finish; of a stream that is cut before it, the results that have come count. */
  get hosted_uses(): HostedUses | undefined {
    return this.#reported_uses ?? this.#results.uses;
  }

  push(frame: Frame): readonly GenEvent[] {
    if (frame.data === '') return NOTHING;
    const data = parseData(frame.data);
    switch (data['type'] ?? frame.event) {
      case 'message_start':
        return this.#start(data);
      case 'content_block_start':
        return this.#startBlock(data);
      case 'content_block_delta':
        return this.#delta(data);
      case 'content_block_stop':
        return this.#stopBlock(data['index']);
      case 'message_delta':
        return this.#finish(data);
      case 'message_stop':
        return END;
      case 'error':
        return [{ type: 'error', error: decodeErrorObject(undefined, objectOf(data['error'])) }];
      default:
        return NOTHING;
    }
  }

  #start(data: JsonObject): readonly GenEvent[] {
    const message = objectOf(data['message']);
    this.#usage = mergeUsage({}, message['usage']);
    const prompt = decodeUsage(message['usage']);
    return [
      {
        type: 'start',
        id: text(message['id']),
        model: text(message['model']),
        created_s: 0,
        ...(prompt === undefined ? {} : { prompt: promptOf(prompt) }),
      },
    ];
  }

  #startBlock(data: JsonObject): readonly GenEvent[] {
    const block = objectOf(data['content_block']);
    const at = data['index'];
    this.#blocks.set(at, { kind: 'plain' });
    switch (block['type']) {
      case 'text':
        return textDelta(text(block['text']));
      case 'thinking':
        return this.#startThinking(at, block);
      case 'redacted_thinking':
        return [{ type: 'thinking_redacted', choice: 0, data: text(block['data']), origin: ORIGIN }];
      case 'tool_use':
        if (isPlainToolUse(block)) return this.#startTool(at, block);
        break;
      default:
    }
    this.#blocks.set(at, { kind: 'opaque', raw: block, args: '' });
    this.#results.add(toolOfResult(block));
    return opaqueDelta(text(block['name']));
  }

  #startThinking(at: unknown, block: JsonObject): readonly GenEvent[] {
    const open: OpenBlock = { kind: 'thinking', shown: false };
    this.#blocks.set(at, open);
    return thinking(open, text(block['thinking']), text(block['signature']));
  }

  #startTool(at: unknown, block: JsonObject): readonly GenEvent[] {
    const index = this.#tools;
    this.#tools += 1;
    this.#blocks.set(at, { kind: 'tool', index, input: block['input'], args_seen: false });
    return [{ type: 'tool_call', choice: 0, index, id: text(block['id']), name: text(block['name']) }];
  }

  #delta(data: JsonObject): readonly GenEvent[] {
    const delta = objectOf(data['delta']);
    switch (delta['type']) {
      case 'text_delta':
        return textDelta(text(delta['text']));
      case 'thinking_delta':
        return thinking(this.#blocks.get(data['index']), text(delta['thinking']), '');
      case 'signature_delta':
        return thinking(this.#blocks.get(data['index']), '', text(delta['signature']));
      case 'input_json_delta':
        return this.#inputDelta(this.#blocks.get(data['index']), text(delta['partial_json']));
      default:
        return NOTHING;
    }
  }

  #inputDelta(block: OpenBlock | undefined, delta: string): readonly GenEvent[] {
    if (block?.kind !== 'opaque' && block?.kind !== 'tool') return NOTHING;
    if (delta === '') return NOTHING;
    if (block.kind === 'opaque') {
      block.args += delta;
      return opaqueDelta(delta);
    }
    block.args_seen = true;
    return [{ type: 'tool_args', choice: 0, index: block.index, delta }];
  }

  #stopBlock(at: unknown): readonly GenEvent[] {
    const block = this.#blocks.get(at);
    this.#blocks.delete(at);
    if (block?.kind !== 'opaque' && block?.kind !== 'tool') return NOTHING;
    if (block.kind === 'tool') {
      if (block.args_seen) return NOTHING;
      // A tool without arguments gets no delta, but arguments must be JSON in every other shape.
      return [{ type: 'tool_args', choice: 0, index: block.index, delta: JSON.stringify(block.input ?? {}) }];
    }
    const raw = block.args === '' ? block.raw : { ...block.raw, input: parseJsonObject(block.args) ?? {} };
    return [{ type: 'opaque', choice: 0, origin: ORIGIN, raw }];
  }

  /**
   * Usage is told only with the finish. The count at the beginning has next to no output, and would pass for the whole
   * when the stream is cut: of that one only the prompt counts.
   */
  #finish(data: JsonObject): readonly GenEvent[] {
    this.#usage = mergeUsage(this.#usage, data['usage']);
    this.#reported_uses = reportedUses(data['usage']) ?? this.#reported_uses;
    const delta = objectOf(data['delta']);
    const reason = delta['stop_reason'];
    if (typeof reason !== 'string') return NOTHING;
    const stop_sequence = delta['stop_sequence'];
    const events: GenEvent[] = [
      {
        type: 'finish',
        choice: 0,
        reason: decodeFinish(reason),
        ...(typeof stop_sequence === 'string' ? { stop_sequence } : {}),
      },
    ];
    const usage = decodeUsage(data['usage']) && decodeUsage(this.#usage);
    if (usage !== undefined) events.push({ type: 'usage', usage });
    return events;
  }
}

function promptOf({ in_tokens, cached_in_tokens, cache_write_tokens }: Usage): PromptUsage {
  return { in_tokens, cached_in_tokens, cache_write_tokens };
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function opaqueDelta(delta: string): readonly GenEvent[] {
  return [{ type: 'opaque_delta', choice: 0, delta }];
}

function textDelta(delta: string): readonly GenEvent[] {
  return delta === '' ? NOTHING : [{ type: 'text', choice: 0, delta }];
}

/** With the thinking not shown, a signature comes alone: it belongs to the thinking before it, so an empty one is told. */
function thinking(block: OpenBlock | undefined, delta: string, signature: string): readonly GenEvent[] {
  const events: GenEvent[] = [];
  const open = block?.kind === 'thinking' ? block : undefined;
  if (delta !== '' || (signature !== '' && open?.shown !== true)) {
    events.push({ type: 'thinking', choice: 0, delta, origin: ORIGIN });
    if (open !== undefined) open.shown = true;
  }
  if (signature !== '') events.push({ type: 'thinking_signature', choice: 0, signature });
  return events;
}
