import {
  framer,
  type Frame,
  type Framer,
  type GenEvent,
  type PromptUsage,
  type ProviderDialect,
  type RemoteError,
  type StreamDecoder,
} from '@atp-router/dialects';
import { type HostedUses, isAtpError, type Usage } from '@atp-router/kernel';
import { isAnswer, NOT_ANSWERED } from './failed-answer.ts';
import { FinishTracker } from './finish-tracker.ts';
import { TokenCounter } from './token-counter.ts';

/** Begins a comment of SSE. */
const COLON = 58;

/** A frame with what it says; `error` when it says that the answer failed. */
export interface ReadFrame {
  readonly frame: Frame;
  readonly events: readonly GenEvent[];
  readonly error: RemoteError | undefined;
}

/** The half of a relay that faces the upstream: bytes become frames and events, and are accounted for. */
export class StreamReader {
  readonly #framer: Framer;
  readonly #decoder: StreamDecoder;
  readonly #counter: TokenCounter = new TokenCounter();
  readonly #finishes: FinishTracker;
  #usage: Usage | undefined;
  #prompt: PromptUsage | undefined;
  #has_content = false;
  #has_answer = false;
  #is_cut = false;

  /** `n`: choices that have to finish. */
  constructor(upstream: ProviderDialect, frame_bytes: number, n: number) {
    this.#framer = framer(upstream.framing, frame_bytes);
    this.#decoder = upstream.streamDecoder();
    this.#finishes = new FinishTracker(n);
  }

  get has_content(): boolean {
    return this.#has_content;
  }

  /** Every choice has finished. */
  get is_finished(): boolean {
    return this.#finishes.complete;
  }

  /** The shape's end mark was seen. */
  get is_ended(): boolean {
    return this.#finishes.ended;
  }

  /** Nothing is missing if the stream ends here. After the end mark nothing can be. */
  get is_complete(): boolean {
    if (!this.#finishes.complete) return false;
    return this.#finishes.ended || (!this.#is_cut && this.#framer.pending_bytes === 0);
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  get hosted_uses(): HostedUses | undefined {
    return this.#decoder.hosted_uses;
  }

  get prompt(): PromptUsage | undefined {
    return this.#prompt;
  }

  get counted_out_tokens(): number {
    return this.#counter.tokens;
  }

  /** Calls back for each frame up to an error. What follows the end mark is nobody's. */
  push(chunk: Uint8Array, onFrame: (read: ReadFrame) => void): void {
    if (!this.#finishes.ended) this.#readAll(this.#framer.push(chunk), onFrame);
  }

  /** EOF: a last frame without its separator counts when it can be read, and was cut when it cannot. */
  end(onFrame: (read: ReadFrame) => void): void {
    if (this.#finishes.ended) return;
    for (const frame of this.#framer.end()) {
      const read = this.#readLast(frame);
      if (read === undefined) this.#is_cut = true;
      else onFrame(read);
    }
  }

  /** Undefined when it breaks off in the middle: before its data, or within it. */
  #readLast(frame: Frame): ReadFrame | undefined {
    if (frame.data === '' && frame.raw[0] !== COLON) return undefined;
    try {
      return this.#read(frame);
    } catch (error) {
      if (isAtpError(error) && error.origin === 'remote') return undefined;
      throw error;
    }
  }

  #readAll(frames: readonly Frame[], onFrame: (read: ReadFrame) => void): void {
    for (const frame of frames) {
      const read = this.#read(frame);
      onFrame(read);
      if (read.error !== undefined || this.#finishes.ended) return;
    }
  }

  #read(frame: Frame): ReadFrame {
    const events = this.#decoder.push(frame);
    let error: RemoteError | undefined;
    for (const event of events) {
      if (this.#counter.add(event)) this.#has_content = true;
      if (isAnswer(event)) this.#has_answer = true;
      this.#finishes.see(event);
      if (event.type === 'usage') this.#usage = event.usage;
      else if (event.type === 'start') this.#prompt = event.prompt;
      else if (event.type === 'error') error = event.error;
      else if (event.type === 'finish' && event.reason === 'error' && !this.#has_answer) error ??= NOT_ANSWERED;
    }
    return { frame, events: events.some(isPiece) ? events.filter((event) => !isPiece(event)) : events, error };
  }
}

/** Counted and seen, and then done with: stages and other shapes are told of the whole. */
function isPiece(event: GenEvent): boolean {
  return event.type === 'opaque_delta';
}
