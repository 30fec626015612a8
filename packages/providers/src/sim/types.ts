import type { JsonObject } from '@atp-router/kernel';

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

/** How a simulated provider behaves. Rates are shares from 0 to 1 of all calls, and together at most 1. */
export interface SimParams {
  /** Time to the first token. */
  readonly latency_ms: Quantiles;
  /** Time from one chunk of a stream to the next; a plain answer takes as long as its tokens together. */
  readonly chunk_ms: number;
  readonly out_tokens: Quantiles;
  /** Answered with 429, 500 or 503. */
  readonly error_rate: number;
  /** Fall silent and never end. */
  readonly stall_rate: number;
  /** Lose the connection before the answer ends. */
  readonly cut_rate: number;
  /** Share of answers that are right, and marked so. */
  readonly quality: number;
}

export interface SimRequest {
  readonly seed: number;
  readonly method: 'GET' | 'POST';
  /** As `endpoint` of the description gives it. */
  readonly path: string;
  /** In the shape of OpenAI's API. Absent for GET. */
  readonly body?: JsonObject;
  readonly params: SimParams;
  /** Wall-clock seconds for `created`. */
  readonly now_s: number;
  /** Models that exist; any name is served when absent. */
  readonly models?: readonly string[];
  /**
   * Number of the try. Faults and delays are drawn with it, so that a retry need not fail again; the content is not.
   * Without it the whole script follows from seed and content.
   */
  readonly nonce?: number;
}

/** What happens on the simulated wire, each after so many milliseconds from the step before. */
export type SimStep =
  | {
      readonly after_ms: number;
      readonly kind: 'head';
      readonly status: number;
      /** Flat: name, value, name, value, … */
      readonly headers: readonly string[];
    }
  | { readonly after_ms: number; readonly kind: 'data'; readonly bytes: string }
  | { readonly after_ms: number; readonly kind: 'end' }
  /** The connection breaks. */
  | { readonly after_ms: number; readonly kind: 'reset' }
  /** Nothing follows, and the connection stays open. */
  | { readonly after_ms: number; readonly kind: 'stall' };

/** Ends with exactly one of `end`, `reset` and `stall`. */
export interface SimScript {
  readonly steps: readonly SimStep[];
}
