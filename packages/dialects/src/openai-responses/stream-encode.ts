import type { JsonObject } from '@atp-router/kernel';
import type { AtpField, StreamEncodeContext, StreamEncoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import type { FinishReason } from '../model.ts';
import { Losses } from '../losses.ts';
import { CARRIER, opaqueItem } from './generated.ts';
import { responseId } from './ids.ts';
import { logprobEntries, responseResource } from './resource.ts';
import { encodeFinish } from './response.ts';
import { StreamAnnotations } from './stream-annotations.ts';
import { ItemStream } from './stream-items.ts';
import { encodeUsage } from './usage.ts';

/**
 * Events → the typed event sequence of the Responses API. The closing event repeats the whole answer, so the encoder
 * keeps what it wrote; the driver's limit on stream length bounds it.
 */
export function streamEncoder(ctx: StreamEncodeContext): StreamEncoder {
  const encoder = new ResponsesEncoder(ctx);
  return {
    push: (event: GenEvent) => encoder.push(event),
    provisional: (fields) => encoder.provisional(fields),
    finish: (atp, ended_s) => encoder.finish(atp, ended_s),
  };
}

class ResponsesEncoder {
  readonly #ctx: StreamEncodeContext;
  readonly #items: ItemStream;
  #sequence: number = 0;
  #begun: boolean = false;
  #out: string = '';
  #finish: FinishReason = 'stop';
  #usage: JsonObject | undefined;
  readonly #annotations: StreamAnnotations = new StreamAnnotations();
  readonly #losses: Losses = new Losses(CARRIER);

  constructor(ctx: StreamEncodeContext) {
    this.#ctx = ctx;
    this.#items = new ItemStream(responseId(ctx.id), (type, fields) => this.#emit(type, fields));
  }

  push(event: GenEvent): string {
    this.#begin();
    this.#losses.see(event);
    if (!('choice' in event) || event.choice === 0) this.#take(event);
    return this.#flush();
  }

  provisional(fields: JsonObject): string {
    this.#begin();
    this.#emit('atp.provisional', fields);
    return this.#flush();
  }

  finish(atp: AtpField, ended_s: number | undefined): string {
    this.#losses.refuseEmpty();
    this.#begin();
    const end = encodeFinish(this.#finish);
    this.#items.closeAll(end.status === 'incomplete' ? 'incomplete' : 'completed');
    const output = this.#annotations.output(this.#items.output);
    const usage = this.#usage === undefined ? {} : { usage: this.#usage };
    const ctx = ended_s === undefined ? this.#ctx : { ...this.#ctx, ended_s };
    const response = responseResource(ctx, { ...end, created_s: this.#ctx.created_s, output, ...usage });
    this.#emit(`response.${end.status}`, { response: { ...response, atp: this.#losses.told(atp) } });
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
      case 'annotation':
        this.#annotate(event.annotation);
        break;
      case 'opaque':
        this.#opaque(event);
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

  #annotate(annotation: JsonObject): void {
    const added = this.#annotations.add(annotation);
    if (added !== undefined) this.#emit('response.output_text.annotation.added', added);
  }

  #opaque(event: GenEvent & { type: 'opaque' }): void {
    const item = opaqueItem(event, responseId(this.#ctx.id), this.#items.output.length);
    if (item !== undefined) this.#items.opaque(item);
  }

  #flush(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #emit(type: string, written: JsonObject): void {
    const fields = this.#annotations.written(type, written);
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
