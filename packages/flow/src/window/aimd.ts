import { assert } from '@atp-router/kernel';
import { BurstBucket } from './burst.ts';

/** How the number of calls in flight at an agent or in a session follows what comes back. */
export interface AimdOptions {
  /** Where it begins, and what slow answers alone do not push it below. */
  readonly base: number;
  readonly max: number;
  /** Added for a timely answer at a full window, spread over a window of answers. */
  readonly increase: number;
  /** What is left after a decrease, above 0 and below 1. */
  readonly decrease: number;
  /** Between two changes: one event is not to count as many. */
  readonly hold_ms: number;
  /** New calls a second, and as many at once after a pause: a bucket; `Infinity` without a cap. */
  readonly burst_per_s: number;
}

/** One more call per window of answers, half at trouble, as TCP Reno has it (RFC 5681); 500 ms are the protocol's. */
export const DEFAULT_AIMD: AimdOptions = {
  base: 8,
  max: 256,
  increase: 1,
  decrease: 0.5,
  hold_ms: 500,
  burst_per_s: 100,
};

export type AimdTrouble = 'timeout' | 'latency' | 'ecn';

/**
 * Additive increase, multiplicative decrease (Chiu and Jain 1989) of a window of calls. Time is monotone, in milliseconds. The
 * window is a fraction inside and a whole number, 1 at least, outside.
 */
export class Aimd {
  #options: AimdOptions;
  #window: number;
  #changed_ms: number = Number.NEGATIVE_INFINITY;
  readonly #burst: BurstBucket;

  /** `start`: the first window, `base` unless it is said. */
  constructor(options: AimdOptions = DEFAULT_AIMD, start: number = options.base) {
    assertOptions(options);
    this.#options = options;
    this.#window = Math.min(start, options.max);
    this.#burst = new BurstBucket(options.burst_per_s);
  }

  /** Calls that may be in flight. */
  get window(): number {
    return Math.max(1, Math.floor(this.#window));
  }

  /** The most that the window may be. */
  get max(): number {
    return this.#options.max;
  }

  /** A tuner sets other factors; the window stays within them. */
  tune(options: AimdOptions): void {
    assertOptions(options);
    this.#options = options;
    this.#window = Math.min(this.#window, options.max);
    this.#burst.tune(options.burst_per_s);
  }

  /** An answer in time. `in_flight` with it: a window that is not used says nothing of a larger one. */
  answered(in_flight: number, now_ms: number): void {
    const { increase, max, hold_ms } = this.#options;
    if (in_flight < this.window || this.#window >= max || now_ms - this.#changed_ms < hold_ms) return;
    const before = this.window;
    this.#window = Math.min(max, this.#window + increase / this.#window);
    if (this.window !== before) this.#changed_ms = now_ms;
  }

  /** Returns whether the window fell. */
  troubled(trouble: AimdTrouble, now_ms: number): boolean {
    const { base, decrease, hold_ms } = this.#options;
    if (now_ms - this.#changed_ms < hold_ms) return false;
    const floor = trouble === 'latency' ? Math.min(base, this.#window) : 1;
    const next = Math.max(floor, this.#window * decrease);
    if (next >= this.#window) return false;
    this.#window = next;
    this.#changed_ms = now_ms;
    return true;
  }

  /** Takes one of the calls that may begin in this second; false when there are none. */
  begin(now_ms: number): boolean {
    return this.#burst.take(now_ms);
  }

  /** Milliseconds from the last `begin` until it takes another one. */
  burstWait_ms(): number {
    return this.#burst.wait_ms();
  }
}

function assertOptions({ base, max, increase, decrease, hold_ms, burst_per_s }: AimdOptions): void {
  assert(base >= 1 && max >= base, 'a window begins at 1 at least, and at its largest at most');
  assert(increase > 0 && decrease > 0 && decrease < 1, 'an increase adds, a decrease leaves a part');
  assert(hold_ms >= 0 && burst_per_s >= 1, 'a hold is no time at least, a burst one call at least');
}
