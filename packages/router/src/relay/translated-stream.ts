import type { StageChainRun, StageSummary } from '@atp-router/call';
import {
  framer,
  type AtpField,
  type Framer,
  type GenEvent,
  type ProviderDialect,
  type StreamDecoder,
  type StreamEncoder,
} from '@atp-router/dialects';
import type { Usage } from '@atp-router/kernel';
import { FinishTracker } from './finish-tracker.ts';
import { TokenCounter } from './token-counter.ts';
import type { Bytes, StreamRelay, StreamStep } from './types.ts';

export interface TranslatedStreamOptions {
  readonly upstream: ProviderDialect;
  readonly encoder: StreamEncoder;
  readonly frame_bytes: number;
  readonly n: number;
  readonly stages: StageChainRun<GenEvent> | undefined;
}

/** Different shapes, or a stage that claims the body: events are decoded, pass the stages, and are encoded again. */
export class TranslatedStream implements StreamRelay {
  readonly #framer: Framer;
  readonly #decoder: StreamDecoder;
  readonly #encoder: StreamEncoder;
  readonly #stages: StageChainRun<GenEvent> | undefined;
  readonly #n: number;
  readonly #counter: TokenCounter = new TokenCounter();
  readonly #finishes: FinishTracker;
  readonly #step: StreamStep = { out: [], error: undefined };
  #usage: Usage | undefined;
  #has_content = false;

  constructor(options: TranslatedStreamOptions) {
    this.#framer = framer(options.upstream.framing, options.frame_bytes);
    this.#decoder = options.upstream.streamDecoder();
    this.#encoder = options.encoder;
    this.#stages = options.stages;
    this.#n = options.n;
    this.#finishes = new FinishTracker(options.n);
  }

  get has_content(): boolean {
    return this.#has_content;
  }

  get is_complete(): boolean {
    return this.#finishes.complete && this.#framer.pending_bytes === 0;
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  get counted_out_tokens(): number {
    return this.#counter.tokens;
  }

  push(chunk: Uint8Array): StreamStep {
    const step = this.#step;
    step.out.length = 0;
    step.error = undefined;
    // All of the chunk is accounted for before any of it goes on: a stage that refuses a part does not make the rest,
    // which the provider has made and bills, unread.
    const events = this.#read(chunk, step);
    let text = '';
    for (const event of events) text += this.#relay(event);
    if (text !== '') step.out.push(text);
    return step;
  }

  finish(atp: AtpField, end: StageSummary): Bytes[] {
    let text = '';
    const last = this.#stages?.onEnd(end);
    if (last?.kind === 'abort') throw last.error;
    for (const event of last?.chunks ?? []) text += this.#encoder.push(event);
    return [text + this.#encoder.finish(atp)];
  }

  finishEarly(atp: AtpField, end: StageSummary): Bytes[] {
    for (let choice = 0; choice < this.#n; choice += 1) {
      this.#encoder.push({ type: 'finish', choice, reason: 'length' });
    }
    return this.finish(atp, end);
  }

  /** The events of a chunk up to an error, counted. */
  #read(chunk: Uint8Array, step: StreamStep): readonly GenEvent[] {
    const events: GenEvent[] = [];
    for (const frame of this.#framer.push(chunk)) {
      for (const event of this.#decoder.push(frame)) {
        if (event.type === 'error') {
          step.error = event.error;
          return events;
        }
        if (this.#counter.add(event)) this.#has_content = true;
        if (event.type === 'usage') this.#usage = event.usage;
        this.#finishes.see(event);
        events.push(event);
      }
    }
    return events;
  }

  #relay(event: GenEvent): string {
    if (this.#stages === undefined) return this.#encoder.push(event);
    const result = this.#stages.onChunk(event);
    if (result.kind === 'abort') throw result.error;
    let text = '';
    for (const chunk of result.chunks) text += this.#encoder.push(chunk);
    return text;
  }
}
