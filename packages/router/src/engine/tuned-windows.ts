import { Aimd, type AimdOptions, type WindowSign } from '@atp-router/flow';
import { IntervalMeter, type Tuner } from '@atp-router/flow/tune';
import type { Timer } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import type { Ambient } from './ports.ts';

/** How one deployment is tuned. */
export interface TunerSpec {
  /** A call that takes longer misses the objective. */
  readonly latency_ms: number;
  /** For the windows of one deployment. Whatever its state is, it is only handed back to the tuner. */
  make(configured: AimdOptions): Tuner<unknown>;
}

/** What a tuner is told of its deployment besides what came back. */
export interface TunedLoad {
  readonly in_flight: number;
  readonly waiting: number;
}

/** A tuner decides for an interval of so long. */
const INTERVAL_MS = 1_000;

/** What a tuner is told of a call that has ended. */
export type TunedEnd = Pick<AttemptRecord, 'outcome' | 'latency_ms' | 'usage'>;

/** One deployment whose window a tuner moves. */
class TunedWindow {
  readonly #meter: IntervalMeter;
  readonly #tuner: Tuner<unknown>;
  readonly #aimd: Aimd;
  #state: unknown;
  /** Something came back in the interval that runs. */
  is_active = false;

  constructor(spec: TunerSpec, configured: AimdOptions) {
    this.#meter = new IntervalMeter(spec.latency_ms);
    this.#tuner = spec.make(configured);
    const { state, factors } = this.#tuner.begin();
    this.#state = state;
    this.#aimd = new Aimd(factors, factors.max);
  }

  get window(): number {
    return this.#aimd.window;
  }

  ended({ outcome, latency_ms, usage }: TunedEnd, sign: WindowSign, in_flight: number, mono_ms: number): void {
    this.is_active = true;
    if (sign === 'timeout') this.#meter.timedOut();
    else if (outcome === 'ok') this.#meter.answered(latency_ms, usage.in_tokens + usage.out_tokens, false);
    else this.#meter.answered(latency_ms, 0, true);
    if (sign === 'timely') this.#aimd.answered(in_flight, mono_ms);
    else this.#aimd.troubled(sign, mono_ms);
  }

  decide(start_ms: number, { in_flight, waiting }: TunedLoad, rng: Ambient['rng']): void {
    this.is_active = false;
    const seen = this.#meter.take({ start_ms, length_ms: INTERVAL_MS, in_flight, waiting, window: this.window });
    const { state, factors } = this.#tuner.decide(this.#state, seen, rng);
    this.#state = state;
    this.#aimd.tune(factors);
  }
}

/**
 * Windows of the deployments that have a tuner. One timer for all, armed only while something comes back. Made for a start: the
 * tuners of a running process stay what they are.
 */
export class TunedWindows {
  readonly #specs: ReadonlyMap<string, TunerSpec>;
  readonly #windows: Map<string, TunedWindow> = new Map();
  readonly #ambient: Ambient;
  readonly #loadOf: (account: string) => TunedLoad;
  readonly #onWindow: (account: string, window: number) => void;
  #timer: Timer | undefined;

  /** By account. `onWindow`: told the window of an account after each decision and each answer. */
  constructor(
    specs: ReadonlyMap<string, TunerSpec>,
    ambient: Ambient,
    loadOf: (account: string) => TunedLoad,
    onWindow: (account: string, window: number) => void,
  ) {
    this.#specs = specs;
    this.#ambient = ambient;
    this.#loadOf = loadOf;
    this.#onWindow = onWindow;
  }

  has(account: string): boolean {
    return this.#specs.has(account);
  }

  /** Returns whether the account has a tuner: then all is done. */
  ended(account: string, record: TunedEnd, sign: WindowSign, configured: AimdOptions): boolean {
    const spec = this.#specs.get(account);
    if (spec === undefined) return false;
    const known = this.#windows.get(account);
    const window = known ?? new TunedWindow(spec, configured);
    if (known === undefined) this.#windows.set(account, window);
    window.ended(record, sign, this.#loadOf(account).in_flight, this.#ambient.clock.mono_ms());
    this.#onWindow(account, window.window);
    this.#timer ??= this.#ambient.timers.after(INTERVAL_MS, () => this.#tick());
    return true;
  }

  *windows(): Generator<readonly [account: string, window: number]> {
    for (const [account, { window }] of this.#windows) yield [account, window];
  }

  /** Nothing runs any more. */
  rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    this.#timer = undefined;
    const { clock, rng, timers } = this.#ambient;
    let goes_on = false;
    for (const [account, window] of this.#windows) {
      const load = this.#loadOf(account);
      if (!window.is_active && load.in_flight === 0) continue;
      goes_on = true;
      window.decide(clock.now_ms() - INTERVAL_MS, load, rng);
      this.#onWindow(account, window.window);
    }
    if (goes_on) this.#timer ??= timers.after(INTERVAL_MS, () => this.#tick());
  }
}
