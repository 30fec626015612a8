import type { StageChainRun, StageSummary } from '@atp-router/call';
import type { AtpField, Dialect, EarlyEnd, Frame, GenEvent, PromptUsage } from '@atp-router/dialects';
import { type HostedUses, plausibleUsage, type Usage } from '@atp-router/kernel';
import { countedUsage } from './counted-usage.ts';
import { type ReadFrame, StreamReader } from './stream-reader.ts';
import type { Bytes, StreamRelay, StreamStep } from './types.ts';

export interface RawStreamOptions {
  readonly dialect: Dialect;
  readonly frame_bytes: number;
  /** Choices that have to finish. */
  readonly n: number;
  /** The client asked for the usage chunk. */
  readonly include_usage: boolean;
  /** They see every event and change nothing. */
  readonly observers: StageChainRun<GenEvent> | undefined;
  /** The budget may end the stream as if it had reached its output limit. */
  readonly may_finish_early: boolean;
}

/**
 * Same shape on both sides: frames are read for accounting, and their exact bytes are relayed. Only the finish frame is
 * rewritten (it carries the cost); a usage frame that the client did not ask for is removed, and one that it asked for and
 * the provider did not send is added.
 */
export class RawStream implements StreamRelay {
  readonly #options: RawStreamOptions;
  readonly #reader: StreamReader;
  readonly #step: StreamStep = { out: [], error: undefined };
  #held: Frame[] = [];
  /** Index in `#held` of the frame that takes the `atp` field. */
  #finish_at = -1;
  readonly #early: EarlyEnd | undefined;
  readonly finishEarly?: (atp: AtpField, end: StageSummary) => Bytes[];

  constructor(options: RawStreamOptions) {
    this.#options = options;
    this.#reader = new StreamReader(options.dialect, options.frame_bytes, options.n);
    if (!options.may_finish_early) return;
    const early = options.dialect.passThrough.earlyEnd(options);
    this.#early = early;
    this.finishEarly = (atp, end) => this.#finishEarly(early, atp, end);
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

  finish(atp: AtpField, end: StageSummary): Bytes[] {
    this.#options.observers?.onEnd(end);
    const { include_usage, dialect } = this.#options;
    const { annotateFrame, usage_frame, end_mark } = dialect.passThrough;
    const counted = plausibleUsage(this.usage) === undefined ? countedUsage(end, this.prompt) : undefined;
    const out: Bytes[] = [];
    this.#held.forEach((frame, i) => {
      out.push(i === this.#finish_at ? annotateFrame(frame, atp, counted) : frame.raw);
      if (i !== this.#finish_at || counted === undefined || usage_frame === undefined || !include_usage) return;
      out.push(usage_frame.make(frame, counted));
    });
    if (end_mark !== undefined && !this.#reader.is_ended) out.push(end_mark);
    this.#held = [];
    return out;
  }

  /** Another choice may have finished: what was held for that goes out first. */
  #finishEarly(early: EarlyEnd, atp: AtpField, end: StageSummary): Bytes[] {
    this.#options.observers?.onEnd(end);
    const held = this.#held;
    this.#held = [];
    for (const frame of held) early.relayed(frame);
    return [...held.map(({ raw }) => raw), early.write(atp, countedUsage(end, this.prompt))];
  }

  #relay(read: (onFrame: (read: ReadFrame) => void) => void): StreamStep {
    const step = this.#step;
    step.out.length = 0;
    step.error = undefined;
    const run = new Run(step.out);
    read((one) => {
      if (this.#options.observers !== undefined) for (const event of one.events) this.#options.observers.onChunk(event);
      step.error = one.error;
      if (one.error === undefined) this.#place(one, run);
    });
    run.flush();
    return step;
  }

  #place({ frame, events }: ReadFrame, run: Run): void {
    const kind = this.#kindOf(frame, events);
    if (kind === 'pass') {
      if (this.#held.length > 0) this.#letGo(run);
      this.#pass(frame, run);
    } else if (kind !== 'drop') {
      if (kind === 'finish') this.#finish_at = this.#held.length;
      this.#held.push(frame);
    }
  }

  /** What becomes of a frame. */
  #kindOf(frame: Frame, events: readonly GenEvent[]): 'pass' | 'finish' | 'hold' | 'drop' {
    if (events.some((event) => event.type === 'finish')) return 'finish';
    if (events.some((event) => event.type === 'end')) return 'hold';
    const { usage_frame } = this.#options.dialect.passThrough;
    const is_usage = events.length > 0 && events.every((event) => event.type === 'usage');
    if (is_usage && usage_frame !== undefined) {
      return this.#options.include_usage && events.every(isPlausible) ? 'hold' : 'drop';
    }
    if (!this.#reader.is_finished) return 'pass';
    // In place of one that tells nothing, a client that asked for usage gets what was counted.
    return events.length === 0 && usage_frame?.isEmpty(frame) === true ? 'drop' : 'hold';
  }

  /** Another choice goes on after a finish: what was held is no longer the end. */
  #letGo(run: Run): void {
    for (const frame of this.#held) this.#pass(frame, run);
    this.#held = [];
    this.#finish_at = -1;
  }

  #pass(frame: Frame, run: Run): void {
    this.#early?.relayed(frame);
    run.add(frame.raw);
  }
}

function isPlausible(event: GenEvent): boolean {
  return event.type === 'usage' && plausibleUsage(event.usage) !== undefined;
}

/** Joins neighbouring slices of one buffer, so that untouched frames of one chunk leave in one write. */
class Run {
  readonly #out: Bytes[];
  #bytes: Uint8Array | undefined;

  constructor(out: Bytes[]) {
    this.#out = out;
  }

  add(raw: Uint8Array): void {
    const last = this.#bytes;
    if (last !== undefined && last.buffer === raw.buffer && last.byteOffset + last.length === raw.byteOffset) {
      this.#bytes = new Uint8Array(last.buffer, last.byteOffset, last.length + raw.length);
      return;
    }
    this.flush();
    this.#bytes = raw;
  }

  flush(): void {
    if (this.#bytes !== undefined) this.#out.push(this.#bytes);
    this.#bytes = undefined;
  }
}
