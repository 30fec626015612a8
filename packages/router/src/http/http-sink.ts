import type { HttpExchange } from '@atp-router/adapters';
import type { IngressDialect } from '@atp-router/dialects';
import type { AtpError, Timers } from '@atp-router/kernel';
import type { AnswerMeta, ClientSink } from '../engine/client.ts';
import type { Bytes } from '../relay/types.ts';
import { answerHeaders, errorHeaders } from './headers.ts';
import { KeepAlive } from './keep-alive.ts';
import { lastSequence } from './sequence.ts';

/** The part of an ingress shape that a reply needs. */
export type ErrorShape = Pick<IngressDialect, 'encodeError' | 'encodeStreamError' | 'sequence_field'>;

/** A call's client over HTTP: whole answers as JSON, streams as server-sent events. */
export class HttpSink implements ClientSink {
  readonly #exchange: HttpExchange;
  readonly #shape: ErrorShape;
  readonly #limits: (tenant: string, headers: string[]) => void;
  #keep_alive: KeepAlive | undefined;
  /** Number of the next event, where the shape numbers them. */
  #sequence = 0;

  constructor(exchange: HttpExchange, shape: ErrorShape, limits: (tenant: string, headers: string[]) => void) {
    this.#exchange = exchange;
    this.#shape = shape;
    this.#limits = limits;
  }

  /** Comments while the stream of this call has nothing to say, from before it begins; an error is then told within it. */
  keepAlive(timers: Timers, period_ms: number, meta: AnswerMeta): void {
    this.#keep_alive = new KeepAlive(this.#exchange, timers, period_ms, () => this.begin(meta));
  }

  answer(meta: AnswerMeta, body: Bytes): void {
    this.#keep_alive?.stop();
    this.#exchange.reply(200, this.#headers(meta, 'application/json'), body);
  }

  begin(meta: AnswerMeta): void {
    // Comments have gone out before.
    if (this.#exchange.begun) return;
    const headers = this.#headers(meta, 'text/event-stream; charset=utf-8');
    // Proxies must pass events on as they come (nginx reads x-accel-buffering).
    headers.push('cache-control', 'no-cache', 'x-accel-buffering', 'no');
    this.#exchange.begin(200, headers);
  }

  write(chunk: Bytes): boolean {
    this.#keep_alive?.spoke(chunk);
    const { sequence_field } = this.#shape;
    const told = sequence_field === undefined ? undefined : lastSequence(chunk, sequence_field);
    if (told !== undefined) this.#sequence = told + 1;
    return this.#exchange.write(chunk);
  }

  end(chunks: readonly Bytes[]): void {
    this.#keep_alive?.stop();
    if (this.#exchange.closed) return;
    for (let i = 0; i < chunks.length - 1; i += 1) this.#exchange.write(chunks[i] ?? '');
    this.#exchange.end(chunks[chunks.length - 1]);
  }

  fail(error: AtpError, meta: AnswerMeta): void {
    this.#keep_alive?.stop();
    if (this.#exchange.closed) return;
    if (this.#exchange.begun) {
      this.#exchange.end(this.#shape.encodeStreamError(error, meta.call_id, this.#sequence));
      return;
    }
    const { status, body } = this.#shape.encodeError(error, meta.call_id);
    const headers = this.#headers(meta, 'application/json');
    errorHeaders(error, headers);
    this.#exchange.reply(status, headers, JSON.stringify(body));
  }

  cut(): void {
    this.#keep_alive?.stop();
    if (!this.#exchange.closed) this.#exchange.abort();
  }

  onDrain(run: () => void): void {
    this.#exchange.onDrain(run);
  }

  onGone(run: () => void): void {
    this.#exchange.onGone(run);
  }

  #headers(meta: AnswerMeta, content_type: string): string[] {
    const headers = answerHeaders(meta, content_type);
    if (meta.tenant !== undefined) this.#limits(meta.tenant, headers);
    return headers;
  }
}
