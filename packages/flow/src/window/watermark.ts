import { assert } from '@atp-router/kernel';

export interface WatermarkOptions {
  /** Waits above it, so many in a row, mean pressure. */
  readonly high_ms: number;
  /** Waits below it, so many in a row, mean that it is over. */
  readonly low_ms: number;
  readonly require_n: number;
}

/** A wait that a person notices, and one that nobody does; ten in a row are no accident. */
export const DEFAULT_WATERMARK: WatermarkOptions = { high_ms: 1_000, low_ms: 200, require_n: 10 };

/** Pressure on a queue, with hysteresis: between the marks it stays what it was. */
export class Watermark {
  readonly #options: WatermarkOptions;
  #is_high = false;
  #in_a_row = 0;

  constructor(options: WatermarkOptions = DEFAULT_WATERMARK) {
    const { high_ms, low_ms, require_n } = options;
    assert(low_ms >= 0 && high_ms > low_ms && require_n >= 1, 'the high mark is above the low one');
    this.#options = options;
  }

  /** Under pressure: senders are told, and the worst tier may be shed. */
  get is_high(): boolean {
    return this.#is_high;
  }

  /** Nobody waits any more. Returns whether that ends the pressure. */
  emptied(): boolean {
    const was_high = this.#is_high;
    this.#is_high = false;
    if (was_high) this.#in_a_row = 0;
    return was_high;
  }

  /** A demand has waited so long. Returns the new state when it changed. */
  waited(wait_ms: number): 'high' | 'low' | undefined {
    const { high_ms, low_ms, require_n } = this.#options;
    const counts = this.#is_high ? wait_ms < low_ms : wait_ms > high_ms;
    this.#in_a_row = counts ? this.#in_a_row + 1 : 0;
    if (this.#in_a_row < require_n) return undefined;
    this.#in_a_row = 0;
    this.#is_high = !this.#is_high;
    return this.#is_high ? 'high' : 'low';
  }
}
