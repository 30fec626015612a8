import type { JsonObject, Usage } from '@atp-router/kernel';
import type { AtpField, StreamEncodeContext, StreamEncoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import type { DialectId, FinishReason } from '../model.ts';
import { Losses } from '../losses.ts';
import { parseJsonObject } from '../remote-error.ts';
import {
  CARRIER,
  encodeFinish,
  messageStart,
  stopDetails,
  textBlock,
  thinkingBlock,
  toolUseBlock,
} from './response.ts';
import { encodeUsage } from './usage.ts';

/** Internal events → Messages events. The end waits for `finish`, which adds the cost. */
export function streamEncoder(ctx: StreamEncodeContext): StreamEncoder {
  const encoder = new Encoder(ctx);
  return {
    push: (event) => encoder.push(event),
    provisional: (fields) => frame('atp.provisional', fields),
    finish: (atp) => encoder.finish(atp),
  };
}

/** `at` is the block's position in the answer's content. */
interface OpenTool {
  readonly at: number;
  args: string;
}

class Encoder {
  readonly #ctx: StreamEncodeContext;
  #started: boolean = false;
  #blocks: number = 0;
  #plain: { readonly kind: 'text' | 'thinking'; readonly at: number } | undefined;
  readonly #tools: Map<number, OpenTool> = new Map();
  #thinking_origin: DialectId | undefined;
  #has_calls: boolean = false;
  #has_refusal: boolean = false;
  #finish: { readonly reason: FinishReason; readonly stop_sequence?: string } | undefined;
  #usage: Usage | undefined;
  readonly #losses: Losses = new Losses(CARRIER);

  constructor(ctx: StreamEncodeContext) {
    this.#ctx = ctx;
  }

  push(event: GenEvent): string {
    this.#losses.see(event);
    // The shape has one alternative.
    if ('choice' in event && event.choice !== 0) return '';
    switch (event.type) {
      case 'start':
        return this.#start();
      case 'text':
        return event.delta === '' ? '' : this.#text(event.delta);
      case 'refusal':
        this.#has_refusal = true;
        return event.delta === '' ? '' : this.#text(event.delta);
      case 'thinking':
        this.#thinking_origin = event.origin;
        return event.delta === '' ? '' : this.#thinking(event.delta);
      case 'thinking_signature':
        return this.#isOwn(undefined) ? this.#signature(event.signature) : '';
      case 'thinking_redacted':
        return this.#isOwn(event.origin) ? this.#whole({ type: 'redacted_thinking', data: event.data }) : '';
      case 'opaque':
        return event.origin === 'anthropic-messages' ? this.#whole(event.raw) : '';
      case 'tool_call':
        return this.#tool(event.index, event.id, event.name);
      case 'tool_args':
        return this.#args(event.index, event.delta);
      case 'finish':
        this.#finish ??= event;
        return '';
      case 'usage':
        this.#usage = event.usage;
        return '';
      case 'annotation':
      case 'opaque_delta':
      case 'logprobs':
      case 'error':
      case 'end':
        return '';
    }
  }

  finish(atp: AtpField): string {
    this.#losses.refuseEmpty();
    const stop_sequence = this.#finish?.stop_sequence;
    const has = { tool_calls: this.#has_calls, refusal: this.#has_refusal };
    const delta = {
      stop_reason: encodeFinish(this.#finish?.reason ?? 'stop', stop_sequence, has),
      stop_sequence: stop_sequence ?? null,
      stop_details: stopDetails(this.#finish?.reason),
      container: null,
    };
    let out = this.#start() + this.#closePlain();
    for (const tool of this.#tools.values()) out += writeStop(tool.at);
    return out + writeEnd(delta, this.#usage, this.#losses.told(atp));
  }

  /** Foreign signatures and encrypted thoughts would be refused when the client sends them back, so they are not shown. */
  #isOwn(origin: DialectId | undefined): boolean {
    return (origin ?? this.#thinking_origin) === 'anthropic-messages';
  }

  /** Token counts are not known yet; clients take them from `message_delta`. */
  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    return frame('message_start', { message: messageStart(this.#ctx.id, this.#ctx.model) });
  }

  #text(delta: string): string {
    return this.#open('text', textBlock('')) + this.#delta({ type: 'text_delta', text: delta });
  }

  #thinking(delta: string): string {
    return this.#open('thinking', thinkingBlock('', '')) + this.#delta({ type: 'thinking_delta', thinking: delta });
  }

  /** A signature ends its block; a block may consist of a signature alone when the thinking itself is not shown. */
  #signature(signature: string): string {
    const opened = this.#open('thinking', thinkingBlock('', ''));
    return opened + this.#delta({ type: 'signature_delta', signature }) + this.#closePlain();
  }

  #open(kind: 'text' | 'thinking', block: JsonObject): string {
    if (this.#plain?.kind === kind) return '';
    const out = this.#closeDone();
    this.#plain = { kind, at: this.#blocks };
    return out + this.#startBlock(block);
  }

  #delta(delta: JsonObject): string {
    return frame('content_block_delta', { index: this.#plain?.at ?? 0, delta });
  }

  #whole(block: JsonObject): string {
    const out = this.#closeDone();
    const at = this.#blocks;
    return out + this.#startBlock(block) + writeStop(at);
  }

  #tool(index: number, id: string, name: string): string {
    const out = this.#closeDone();
    this.#has_calls = true;
    this.#tools.set(index, { at: this.#blocks, args: '' });
    return out + this.#startBlock(toolUseBlock(id, name, {}));
  }

  /** Arguments for a call that is not open are those after its complete object, which can only be white space. */
  #args(index: number, delta: string): string {
    const tool = this.#tools.get(index);
    if (tool === undefined || delta === '') return '';
    tool.args += delta;
    return frame('content_block_delta', {
      index: tool.at,
      delta: { type: 'input_json_delta', partial_json: delta },
    });
  }

  #startBlock(block: JsonObject): string {
    const out = frame('content_block_start', { index: this.#blocks, content_block: block });
    this.#blocks += 1;
    return this.#start() + out;
  }

  #closePlain(): string {
    if (this.#plain === undefined) return '';
    const { at } = this.#plain;
    this.#plain = undefined;
    return writeStop(at);
  }

  /**
   * Blocks follow each other here, but other shapes may write the arguments of several calls in turns: a call stays open
   * beside the next block until its arguments are a complete object.
   */
  #closeDone(): string {
    let out = this.#closePlain();
    for (const [index, tool] of this.#tools) {
      if (!tool.args.trimEnd().endsWith('}') || parseJsonObject(tool.args) === undefined) continue;
      this.#tools.delete(index);
      out += writeStop(tool.at);
    }
    return out;
  }
}

function frame(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

export function writeStop(index: number): string {
  return frame('content_block_stop', { index });
}

export function writeEnd(delta: JsonObject, usage: Usage | undefined, atp: JsonObject): string {
  return frame('message_delta', { delta, usage: encodeUsage(usage), atp }) + frame('message_stop', {});
}
