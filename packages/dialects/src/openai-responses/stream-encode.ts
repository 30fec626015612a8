import type { JsonObject } from '@atp-router/kernel';
import type { AtpField, StreamEncodeContext, StreamEncoder } from '../dialect.ts';
import type { FinishReason, GenEvent } from '../model.ts';
import { responseId } from './ids.ts';
import { logprobEntries, responseResource } from './resource.ts';
import { encodeFinish } from './response.ts';
import { ItemStream } from './stream-items.ts';
import { encodeUsage } from './usage.ts';

/**
 * Events → the typed event sequence of the Responses API. The closing event repeats the whole answer, so the encoder
 * keeps what it wrote; the driver's limit on stream length bounds it.
 */
export function streamEncoder(ctx: StreamEncodeContext): StreamEncoder {
  const encoder = new ResponsesEncoder(ctx);
  return { push: (event: GenEvent) => encoder.push(event), finish: (atp, ended_s) => encoder.finish(atp, ended_s) };
}

class ResponsesEncoder {
  readonly #ctx: StreamEncodeContext;
  readonly #items: ItemStream;
  #sequence: number = 0;
  #begun: boolean = false;
  #out: string = '';
  #finish: FinishReason = 'stop';
  #usage: JsonObject | undefined;

  constructor(ctx: StreamEncodeContext) {
    this.#ctx = ctx;
    this.#items = new ItemStream(responseId(ctx.id), (type, fields) => this.#emit(type, fields));
  }

  push(event: GenEvent): string {
    this.#begin();
    if (!('choice' in event) || event.choice === 0) this.#take(event);
    return this.#flush();
  }

  finish(atp: AtpField, ended_s: number | undefined): string {
    this.#begin();
    const end = encodeFinish(this.#finish);
    this.#items.closeAll(end.status === 'incomplete' ? 'incomplete' : 'completed');
    const usage = this.#usage === undefined ? {} : { usage: this.#usage };
    const state = { ...end, created_s: this.#ctx.created_s, output: this.#items.output, ...usage };
    const response = responseResource({ ...this.#ctx, ...(ended_s === undefined ? {} : { ended_s }) }, state);
    this.#emit(`response.${end.status}`, { response: { ...response, atp: atp as unknown as JsonObject } });
    return this.#flush();
  }

  #take(event: GenEvent): void {
    switch (event.type) {
      case 'text':
        this.#items.text('output_text', event.delta);
        break;
      case 'refusal':
        this.#items.text('refusal', event.delta);
        break;
      case 'logprobs':
        this.#items.logprobs(logprobEntries(event.content));
        break;
      case 'thinking':
        this.#items.thinking(event.delta);
        break;
      case 'thinking_signature':
        this.#items.close('completed');
        break;
      case 'thinking_redacted':
        if (event.origin === 'openai-responses') this.#items.encrypted(event.data);
        break;
      case 'tool_call':
        this.#items.call(event.index, event.id, event.name);
        break;
      case 'tool_args':
        this.#items.arguments(event.index, event.delta);
        break;
      case 'opaque':
        if (event.origin === 'openai-responses') this.#items.opaque(event.raw);
        break;
      case 'finish':
        this.#finish = event.reason;
        this.#items.closeAll(encodeFinish(event.reason).status === 'incomplete' ? 'incomplete' : 'completed');
        break;
      case 'usage':
        this.#usage = encodeUsage(event.usage);
        break;
      default:
    }
  }

  #flush(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #emit(type: string, fields: JsonObject): void {
    this.#out += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence, ...fields })}\n\n`;
    this.#sequence += 1;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const response = responseResource(this.#ctx, { status: 'in_progress', created_s: this.#ctx.created_s, output: [] });
    this.#emit('response.created', { response });
    this.#emit('response.in_progress', { response });
  }
}
