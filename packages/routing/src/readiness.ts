import { RollingWindow } from './rolling.ts';

export interface ReadinessOptions {
  readonly window_ms: number;
  /** Fewer samples in the window say nothing: the target is ready. */
  readonly min_samples: number;
  readonly p95_max_ms: number;
  readonly error_rate_max: number;
  /** To become ready again both values must be at or below this share of their limits. */
  readonly recover_share: number;
  /** Shortest time between two changes. */
  readonly hold_ms: number;
}

/** Time to first byte of half a minute is what reasoning models need; a third of errors is beyond bad luck. */
export const DEFAULT_READINESS: ReadinessOptions = {
  window_ms: 120_000,
  min_samples: 20,
  p95_max_ms: 30_000,
  error_rate_max: 0.3,
  recover_share: 0.8,
  hold_ms: 10_000,
};

const BUCKETS = 12;
/** A judgement costs a pass over the window, so one a second is what a target gets. */
const JUDGE_EVERY_MS = 1_000;

export interface ReadinessReport {
  readonly ready: boolean;
  readonly samples: number;
  readonly error_rate: number;
  readonly p95_ms: number | undefined;
}

/**
 * Whether a target answers fast and well enough to be tried first. Judged at most once a second. A target that is not
 * ready gets little traffic, so its window empties and it is given another chance when too few samples are left.
 */
export class Readiness {
  #options: ReadinessOptions;
  #window: RollingWindow;
  #judged_ms: number = Number.NEGATIVE_INFINITY;
  #changed_ms: number = Number.NEGATIVE_INFINITY;
  #report: ReadinessReport = { ready: true, samples: 0, error_rate: 0, p95_ms: undefined };

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#window = new RollingWindow(options.window_ms, BUCKETS, true);
  }

  /** New options from the next judgement on; a window of another length begins empty. */
  configure(options: ReadinessOptions): void {
    if (options.window_ms !== this.#options.window_ms)
      this.#window = new RollingWindow(options.window_ms, BUCKETS, true);
    this.#options = options;
  }

  /** `latency_ms` is the time to the first byte, or of the whole answer when it is not streamed. */
  record(ok: boolean, latency_ms: number | undefined, now_ms: number): void {
    this.#window.add(ok, latency_ms, now_ms);
  }

  report(now_ms: number): ReadinessReport {
    const elapsed_ms = now_ms - this.#judged_ms;
    // A clock that went back is judged anew rather than trusted.
    if (elapsed_ms >= 0 && elapsed_ms < JUDGE_EVERY_MS) return this.#report;
    this.#judged_ms = now_ms;
    const { samples, error_rate, p95_ms } = this.#window.summary(now_ms);
    const ready = this.#judge(samples, error_rate, p95_ms ?? 0, now_ms);
    if (ready !== this.#report.ready) this.#changed_ms = now_ms;
    this.#report = { ready, samples, error_rate, p95_ms };
    return this.#report;
  }

  #judge(samples: number, error_rate: number, p95_ms: number, now_ms: number): boolean {
    const { min_samples, p95_max_ms, error_rate_max, recover_share, hold_ms } = this.#options;
    const was_ready = this.#report.ready;
    const since_ms = now_ms - this.#changed_ms;
    if (since_ms >= 0 && since_ms < hold_ms) return was_ready;
    if (samples < min_samples) return true;
    const share = was_ready ? 1 : recover_share;
    return p95_ms <= p95_max_ms * share && error_rate <= error_rate_max * share;
  }
}
