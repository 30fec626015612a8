import type { StageChainRun, StageSummary } from '@atp-router/call';
import { framer, type AtpField, type Dialect, type Frame, type Framer, type GenEvent } from '@atp-router/dialects';
import type { StreamDecoder } from '@atp-router/dialects';
import type { Usage } from '@atp-router/kernel';
import { FinishTracker } from './finish-tracker.ts';
import { TokenCounter } from './token-counter.ts';
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
}

/**
 * Same shape on both sides: frames are read for accounting, and their exact bytes are relayed. Only the finish frame is
 * rewritten (it carries the cost), and a usage frame that the client did not ask for is removed.
 */
export class RawStream implements StreamRelay {
  readonly #options: RawStreamOptions;
  readonly #framer: Framer;
  readonly #decoder: StreamDecoder;
  readonly #counter: TokenCounter = new TokenCounter();
  readonly #finishes: FinishTracker;
  readonly #step: StreamStep = { out: [], error: undefined };
  #held: Frame[] = [];
  /** Index in `#held` of the frame that takes the `atp` field. */
  #finish_at = -1;
  #usage: Usage | undefined;
  #has_content = false;

  constructor(options: RawStreamOptions) {
    this.#options = options;
    this.#framer = framer(options.dialect.framing, options.frame_bytes);
    this.#decoder = options.dialect.streamDecoder();
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
    const run = new Run(step.out);
    for (const frame of this.#framer.push(chunk)) {
      const kind = this.#read(frame, step);
      if (step.error !== undefined) break;
      if (kind === 'pass') {
        if (this.#held.length > 0) this.#letGo(run);
        run.add(frame.raw);
      } else if (kind !== 'drop') {
        if (kind === 'finish') this.#finish_at = this.#held.length;
        this.#held.push(frame);
      }
    }
    run.flush();
    return step;
  }

  finish(atp: AtpField, end: StageSummary): Bytes[] {
    this.#options.observers?.onEnd(end);
    const out = this.#held.map((frame, i) =>
      i === this.#finish_at ? this.#options.dialect.passThrough.annotateFrame(frame, atp) : frame.raw,
    );
    this.#held = [];
    return out;
  }

  /** Accounts for a frame and says what becomes of it. */
  #read(frame: Frame, step: StreamStep): 'pass' | 'finish' | 'hold' | 'drop' {
    const events = this.#decoder.push(frame);
    let finish = false;
    let end = false;
    let only_usage = events.length > 0;
    for (const event of events) {
      if (this.#counter.add(event)) this.#has_content = true;
      this.#options.observers?.onChunk(event);
      if (event.type === 'usage') this.#usage = event.usage;
      else only_usage = false;
      if (event.type === 'finish') finish = true;
      else if (event.type === 'end') end = true;
      else if (event.type === 'error') step.error = event.error;
      this.#finishes.see(event);
    }
    if (finish) return 'finish';
    if (end) return 'hold';
    if (only_usage && this.#options.dialect.passThrough.usage_frame_is_optional) {
      return this.#options.include_usage ? 'hold' : 'drop';
    }
    return this.#finishes.complete ? 'hold' : 'pass';
  }

  /** Another choice goes on after a finish: what was held is no longer the end. */
  #letGo(run: Run): void {
    for (const frame of this.#held) run.add(frame.raw);
    this.#held = [];
    this.#finish_at = -1;
  }
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
