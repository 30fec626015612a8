import type { AtpError } from '@atp-router/kernel';

/** What a call may do, fixed when it is admitted. Targets are indices into the driver's own list. */
export interface CallPlan {
  /** Number of targets in the fallback chain; the machine walks 0, 1, 2, … */
  readonly targets: number;
  /** Dispatches in one turn, all kinds together. */
  readonly max_attempts: number;
  readonly max_attempts_per_target: number;
  /** Upstream turns in one call. */
  readonly max_turns: number;
  readonly retry: RetryPolicy;
  /** The longest `retry-after` that is worth holding the client for when there is no other target. */
  readonly max_retry_wait_ms: number;
  /** Start a second attempt when the first is silent for so long. */
  readonly hedge_after_ms?: number;
}

export interface RetryPolicy {
  readonly base_ms: number;
  readonly cap_ms: number;
}

export type AttemptKind = 'primary' | 'retry' | 'fallback' | 'hedge';

export interface Attempt {
  readonly n: number;
  readonly turn: number;
  readonly kind: AttemptKind;
  readonly target: number;
  state: 'running' | 'completed' | 'failed' | 'cancelled';
}

/**
 * How far a failure reaches: `request` would fail anywhere (bad input), `target` fails here only (credentials, circuit
 * open, model gone), `transient` may pass (resets, overload, rate limits).
 */
export interface AttemptFailure {
  readonly scope: 'request' | 'target' | 'transient';
  readonly error: AtpError;
  readonly retry_after_ms?: number;
}

export type CallPhase =
  | { readonly kind: 'idle' }
  /** Attempts run, none has reached the client. */
  | { readonly kind: 'racing' }
  | { readonly kind: 'backing_off' }
  /** Bytes of attempt `n` have reached the client: no retry from here on. */
  | { readonly kind: 'relaying'; readonly n: number }
  | { readonly kind: 'turn_done'; readonly n: number }
  | { readonly kind: 'ended'; readonly outcome: 'ok' | 'error' | 'cancelled' };

export type CallEvent =
  | { readonly type: 'start' }
  /** The attempt's answer is about to reach the client. */
  | { readonly type: 'first_byte'; readonly n: number }
  | { readonly type: 'completed'; readonly n: number }
  | { readonly type: 'failed'; readonly n: number; readonly failure: AttemptFailure }
  | { readonly type: 'retry_due' }
  | { readonly type: 'hedge_due' }
  /** After `turn_done`: ask the upstream again. */
  | { readonly type: 'next_turn' }
  /** After `turn_done`: the answer stands. */
  | { readonly type: 'finish' }
  /** The client left, the deadline passed, a kill switch was thrown, a stage or the budget ended the call. */
  | { readonly type: 'abort'; readonly error: AtpError; readonly outcome: 'error' | 'cancelled' };

export type TimerName = 'retry' | 'hedge';

export type CallEffect =
  | {
      readonly type: 'dispatch';
      readonly n: number;
      readonly turn: number;
      readonly kind: AttemptKind;
      readonly target: number;
    }
  | { readonly type: 'cancel'; readonly n: number; readonly reason: 'lost_race' | 'client_gone' | 'aborted' }
  | { readonly type: 'set_timer'; readonly timer: TimerName; readonly delay_ms: number }
  | { readonly type: 'clear_timer'; readonly timer: TimerName }
  /** Relay attempt `n` to the client from now on. */
  | { readonly type: 'commit'; readonly n: number }
  | { readonly type: 'turn_done'; readonly n: number }
  | { readonly type: 'succeed'; readonly n: number }
  | { readonly type: 'fail'; readonly error: AtpError; readonly outcome: 'error' | 'cancelled' };
