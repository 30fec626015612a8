import { assert } from '@atp-router/kernel';
import { RollingWindow } from './rolling.ts';

export interface BreakerOptions {
  /** How far back failures count. */
  readonly window_ms: number;
  /** The ratio means nothing below this many calls in the window. */
  readonly min_calls: number;
  /** Opens at this share of failures, in (0, 1]. */
  readonly failure_ratio: number;
  /** Opens at this many failures in a row, however few calls there were. */
  readonly consecutive_failures: number;
  /** First time open; doubles each time it opens again without a whole window closed, up to the maximum. */
  readonly open_ms: number;
  readonly open_max_ms: number;
  /** Calls that may try a half-open target at one time. */
  readonly probes: number;
  /** Probes that were never recorded stop counting after this. */
  readonly probe_timeout_ms: number;
}

/** Quick to notice a dead upstream (five failures in a row), slow to condemn a busy one (half of ten or more). */
export const DEFAULT_BREAKER: BreakerOptions = {
  window_ms: 30_000,
  min_calls: 10,
  failure_ratio: 0.5,
  consecutive_failures: 5,
  open_ms: 5_000,
  open_max_ms: 120_000,
  probes: 2,
  probe_timeout_ms: 60_000,
};

const BUCKETS = 10;

export type BreakerState =
  | { readonly kind: 'closed'; readonly since_ms: number; readonly openings: number; failures_in_row: number }
  | { readonly kind: 'open'; readonly until_ms: number; readonly openings: number }
  | {
      readonly kind: 'half_open';
      readonly episode: number;
      readonly openings: number;
      last_probe_ms: number;
      probes_out: number;
    };

/** The leave to make one attempt. Anything but `denied` must be recorded once. */
export type Permit =
  | { readonly kind: 'call' }
  | { readonly kind: 'probe'; readonly episode: number }
  | { readonly kind: 'denied'; readonly retry_after_ms: number };

/** `ignored`: says nothing about the target, as a cancel or a fault of the request. */
export type Outcome = 'success' | 'failure' | 'ignored';

/** A change of state, for the `breaker.changed` event. */
export interface BreakerTransition {
  readonly from: BreakerState['kind'];
  readonly to: BreakerState['kind'];
  readonly reason: string;
}

const CALL: Permit = { kind: 'call' };

/**
 * The circuit breaker of one target: closed → open after failures → half open after a while, letting a few probes
 * through → closed by the first success, open again and for longer by a failure. Times are monotonic milliseconds.
 */
export class Breaker {
  #options: BreakerOptions;
  readonly #onChange: (transition: BreakerTransition) => void;
  #window: RollingWindow;
  #state: BreakerState;
  #episodes = 0;

  constructor(options: BreakerOptions, now_ms: number, onChange: (transition: BreakerTransition) => void) {
    this.#options = options;
    this.#onChange = onChange;
    this.#window = new RollingWindow(options.window_ms, BUCKETS, false);
    this.#state = { kind: 'closed', since_ms: now_ms, openings: 0, failures_in_row: 0 };
  }

  get state(): Readonly<BreakerState> {
    return this.#state;
  }

  /**
   * New options from now on. The state stays, and an open circuit stays open as long as it was told to; a window of
   * another length begins empty.
   */
  configure(options: BreakerOptions): void {
    if (options.window_ms !== this.#options.window_ms)
      this.#window = new RollingWindow(options.window_ms, BUCKETS, false);
    this.#options = options;
  }

  /** Asks to make an attempt now; may turn an open breaker half open. */
  allow(now_ms: number): Permit {
    const state = this.#state;
    if (state.kind === 'closed') return CALL;
    if (!this.admits(now_ms)) return { kind: 'denied', retry_after_ms: this.retryAfter_ms(now_ms) };
    if (state.kind === 'open') return this.#halfOpen(state.openings, now_ms, 'the open time has passed');
    if (state.probes_out >= this.#options.probes) return this.#renew(state.openings, now_ms);
    state.probes_out += 1;
    state.last_probe_ms = now_ms;
    return { kind: 'probe', episode: state.episode };
  }

  /** Whether `allow` would give leave now. Changes nothing. */
  admits(now_ms: number): boolean {
    return this.#state.kind === 'closed' || this.retryAfter_ms(now_ms) <= 0;
  }

  /** How long `allow` will still deny; 0 or less when it would not. */
  retryAfter_ms(now_ms: number): number {
    const state = this.#state;
    if (state.kind === 'closed') return 0;
    if (state.kind === 'open') return state.until_ms - now_ms;
    if (state.probes_out < this.#options.probes) return 0;
    return state.last_probe_ms + this.#options.probe_timeout_ms - now_ms;
  }

  /** Takes the result of an attempt. Results of attempts that were allowed in an earlier state no longer count. */
  record(permit: Permit, outcome: Outcome, now_ms: number): void {
    assert(permit.kind !== 'denied', 'a denied attempt has no outcome');
    const state = this.#state;
    if (state.kind === 'closed') {
      if (outcome !== 'ignored') this.#count(state, outcome === 'success', now_ms);
      return;
    }
    if (state.kind === 'open' || permit.kind !== 'probe' || permit.episode !== state.episode) return;
    if (outcome === 'success') this.#close(state.openings, now_ms);
    else if (outcome === 'failure') this.#open(state.openings, now_ms, 'a probe failed');
    else state.probes_out -= 1;
  }

  #count(state: Extract<BreakerState, { kind: 'closed' }>, ok: boolean, now_ms: number): void {
    this.#window.add(ok, undefined, now_ms);
    if (ok) {
      state.failures_in_row = 0;
      return;
    }
    state.failures_in_row += 1;
    // A whole window without opening again earns a fresh start of the open time.
    const openings = now_ms - state.since_ms >= this.#options.window_ms ? 0 : state.openings;
    if (state.failures_in_row >= this.#options.consecutive_failures) {
      this.#open(openings, now_ms, `${state.failures_in_row} failures in a row`);
      return;
    }
    const { samples, error_rate } = this.#window.summary(now_ms);
    if (samples >= this.#options.min_calls && error_rate >= this.#options.failure_ratio) {
      this.#open(openings, now_ms, `${Math.round(error_rate * 100)} % of ${samples} calls failed`);
    }
  }

  #open(openings: number, now_ms: number, reason: string): void {
    const { open_ms, open_max_ms } = this.#options;
    const until_ms = now_ms + Math.min(open_ms * 2 ** openings, open_max_ms);
    this.#change({ kind: 'open', until_ms, openings: openings + 1 }, reason);
  }

  #halfOpen(openings: number, now_ms: number, reason: string): Permit {
    this.#episodes += 1;
    const episode = this.#episodes;
    this.#change({ kind: 'half_open', episode, openings, last_probe_ms: now_ms, probes_out: 1 }, reason);
    return { kind: 'probe', episode };
  }

  /** The probes that are out were lost: a new episode, whose permits cannot be mistaken for theirs. */
  #renew(openings: number, now_ms: number): Permit {
    this.#episodes += 1;
    const episode = this.#episodes;
    this.#state = { kind: 'half_open', episode, openings, last_probe_ms: now_ms, probes_out: 1 };
    return { kind: 'probe', episode };
  }

  #close(openings: number, now_ms: number): void {
    this.#window.clear();
    this.#change({ kind: 'closed', since_ms: now_ms, openings, failures_in_row: 0 }, 'a probe succeeded');
  }

  #change(next: BreakerState, reason: string): void {
    const from = this.#state.kind;
    this.#state = next;
    this.#onChange({ from, to: next.kind, reason });
  }
}
