import type { Load } from '../load/format.ts';
import type { TunerKind } from '../tuner.ts';
import { quantileOf, sorted } from './meter.ts';
import type { Answered, Sample, Watcher } from './simulate.ts';

export interface Quantiles {
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
}

/** What a tuner made of the scored part of a load. */
export interface Result {
  readonly tuner: TunerKind;
  readonly seed: number;
  /** Times that it had gone through the part for learning before; 0 for those that learn nothing. */
  readonly epochs: number;
  /** Mean reward of the intervals of the scored part. */
  readonly score: number;
  readonly answered: number;
  readonly timeouts: number;
  /** Calls that found the queue full, or waited too long. */
  readonly refused: number;
  /** Of the answered calls, those that took longer than the objective. */
  readonly missed_share: number;
  readonly goodput_tokens_per_s: number;
  /** Dispatch to answer. */
  readonly latency: Quantiles;
  /** Arrival to dispatch. */
  readonly wait: Quantiles;
  readonly mean_window: number;
}

/** Sums what happens from `load.train_ms` on. */
export class Score implements Watcher {
  readonly #load: Load;
  readonly #answered: Answered[] = [];
  #timeouts = 0;
  #refused = 0;
  #intervals = 0;
  #reward = 0;
  #window = 0;

  constructor(load: Load) {
    this.#load = load;
  }

  answered(call: Answered, at_ms: number): void {
    if (at_ms >= this.#load.train_ms) this.#answered.push(call);
  }

  timedOut(at_ms: number): void {
    if (at_ms >= this.#load.train_ms) this.#timeouts += 1;
  }

  refused(at_ms: number): void {
    if (at_ms >= this.#load.train_ms) this.#refused += 1;
  }

  interval({ start_ms, reward, window }: Sample): void {
    if (start_ms - this.#load.start_ms < this.#load.train_ms) return;
    this.#intervals += 1;
    this.#reward += reward;
    this.#window += window;
  }

  result(run: Pick<Result, 'tuner' | 'seed' | 'epochs'>): Result {
    const calls = this.#answered;
    const intervals = Math.max(1, this.#intervals);
    const seconds = (this.#load.duration_ms - this.#load.train_ms) / 1_000;
    return {
      ...run,
      score: this.#reward / intervals,
      answered: calls.length,
      timeouts: this.#timeouts,
      refused: this.#refused,
      missed_share: calls.length === 0 ? 0 : calls.filter(({ missed }) => missed).length / calls.length,
      goodput_tokens_per_s: calls.reduce((sum, { tokens }) => sum + tokens, 0) / seconds,
      latency: quantiles(calls.map(({ latency_ms }) => latency_ms)),
      wait: quantiles(calls.map(({ wait_ms }) => wait_ms)),
      mean_window: this.#window / intervals,
    };
  }
}

function quantiles(values: readonly number[]): Quantiles {
  const all = sorted(values);
  return { p50_ms: quantileOf(all, 0.5), p95_ms: quantileOf(all, 0.95), p99_ms: quantileOf(all, 0.99) };
}
