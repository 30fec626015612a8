import type { StageChainRun, StageSummary } from '@atp-router/call';
import type { AtpField, GenEvent, PromptUsage, ProviderDialect, StreamEncoder } from '@atp-router/dialects';
import { type HostedUses, plausibleUsage, type Usage } from '@atp-router/kernel';
import { countedUsage } from './counted-usage.ts';
import { type ReadFrame, StreamReader } from './stream-reader.ts';
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
  readonly #reader: StreamReader;
  readonly #encoder: StreamEncoder;
  readonly #stages: StageChainRun<GenEvent> | undefined;
  readonly #n: number;
  readonly #step: StreamStep = { out: [], error: undefined };

  constructor(options: TranslatedStreamOptions) {
    this.#reader = new StreamReader(options.upstream, options.frame_bytes, options.n);
    this.#encoder = options.encoder;
    this.#stages = options.stages;
    this.#n = options.n;
  }

  get has_content(): boolean {
    return this.#reader.has_content;
  }

  get is_complete(): boolean {
    return this.#reader.is_complete;
  }

  get usage(): Usage | undefined {
    return this.#reader.usage;
  }

  get hosted_uses(): HostedUses | undefined {
    return this.#reader.hosted_uses;
  }

  get prompt(): PromptUsage | undefined {
    return this.#reader.prompt;
  }

  get counted_out_tokens(): number {
    return this.#reader.counted_out_tokens;
  }

  push(chunk: Uint8Array): StreamStep {
    return this.#relay((onFrame) => this.#reader.push(chunk, onFrame));
  }

  end(): StreamStep {
    return this.#relay((onFrame) => this.#reader.end(onFrame));
  }

  finish(atp: AtpField, end: StageSummary, ended_s: number): Bytes[] {
    let text = '';
    const last = this.#stages?.onEnd(end);
    if (last?.kind === 'abort') throw last.error;
    for (const event of last?.chunks ?? []) text += this.#encoder.push(event);
    if (plausibleUsage(this.usage) === undefined) {
      text += this.#encoder.push({ type: 'usage', usage: countedUsage(end, this.prompt) });
    }
    return [text + this.#encoder.finish(atp, ended_s)];
  }

  finishEarly(atp: AtpField, end: StageSummary, ended_s: number): Bytes[] {
    for (let choice = 0; choice < this.#n; choice += 1) {
      this.#encoder.push({ type: 'finish', choice, reason: 'length' });
    }
    // What the provider has told so far is behind what is billed.
    this.#encoder.push({ type: 'usage', usage: countedUsage(end, this.prompt) });
    return this.finish(atp, end, ended_s);
  }

  #relay(read: (onFrame: (read: ReadFrame) => void) => void): StreamStep {
    const step = this.#step;
    step.out.length = 0;
    step.error = undefined;
    // All of the chunk is accounted for before any of it goes on: a stage that refuses a part does not make the rest,
    // which the provider has made and bills, unread.
    const events: GenEvent[] = [];
    read((one) => {
      step.error = one.error;
      for (const event of one.events) if (one.error === undefined || !isEnd(event)) events.push(event);
    });
    let text = '';
    for (const event of events) text += this.#pass(event);
    if (text !== '') step.out.push(text);
    return step;
  }

  #pass(event: GenEvent): string {
    if (this.#stages === undefined) return this.#encoder.push(event);
    const result = this.#stages.onChunk(event);
    if (result.kind === 'abort') throw result.error;
    let text = '';
    for (const chunk of result.chunks) text += this.#encoder.push(chunk);
    return text;
  }
}

/** What a failed answer has at its end is not passed on as one. */
function isEnd(event: GenEvent): boolean {
  return event.type === 'error' || event.type === 'finish';
}
