import { assert, type Qos, type UsdNanos } from '@atp-router/kernel';

/** What a tenant is to get, and may cost. An absent one is not watched. */
export interface Objectives {
  /** 95th percentile of what its calls take. */
  readonly p95_ms?: number | undefined;
  /** Share of its calls that fail, from 0 to 1. */
  readonly error_rate?: number | undefined;
  readonly usd_nanos_per_hour?: UsdNanos | undefined;
}

/** How one call went. */
export interface EndedCall {
  readonly latency_ms: number;
  readonly has_failed: boolean;
  readonly usd_nanos: UsdNanos;
}

export type Objective = 'p95_ms' | 'error_rate' | 'usd_per_hour';

/** Why tiers are held back. Latency in milliseconds, rates from 0 to 1, money in nano-dollars. */
export interface Breach {
  readonly objective: Objective;
  readonly value: number;
  readonly target: number;
}

/** Calls that latency and errors are judged by: the last so many of the last minute. */
const CALLS = 256;
const CALLS_MS = 60_000;
/** Fewer say nothing. */
const CALLS_MIN = 20;
/** All calls of a second are judged together: a judgement looks at all of the table. */
const JUDGE_MS = 1_000;
/** Before one more tier is held back, what was done has had time to show. */
const RAISE_MS = 10_000;
/** So long nothing is broken before a tier is let go: longer than the other way, or both would alternate. */
const LOWER_MS = 30_000;
const MINUTE_MS = 60_000;
const MINUTES = 60;

/**
 * Holds back the worse tiers of a tenant while one of its objectives is broken: bronze first, then silver, never gold. Time is
 * monotone, in milliseconds. Two tables of fixed size, about 5 KB.
 */
export class Throttle {
  readonly #at_ms: Float64Array = new Float64Array(CALLS).fill(Number.NEGATIVE_INFINITY);
  readonly #latency_ms: Float64Array = new Float64Array(CALLS);
  readonly #failed: Uint8Array = new Uint8Array(CALLS);
  readonly #spent: Float64Array = new Float64Array(MINUTES);
  #next = 0;
  #minute = Number.NEGATIVE_INFINITY;
  #level: 0 | 1 | 2 = 0;
  #changed_ms = Number.NEGATIVE_INFINITY;
  #broken_ms = Number.NEGATIVE_INFINITY;
  #judged_ms = Number.NEGATIVE_INFINITY;
  #breach: Breach | undefined;

  /** A call has ended. */
  ended(call: EndedCall, objectives: Objectives, mono_ms: number): void {
    const { latency_ms, has_failed, usd_nanos } = call;
    this.#at_ms[this.#next] = mono_ms;
    this.#latency_ms[this.#next] = latency_ms;
    this.#failed[this.#next] = has_failed ? 1 : 0;
    this.#next = (this.#next + 1) % CALLS;
    this.#pass(mono_ms);
    const minute = this.#minute % MINUTES;
    this.#spent[minute] = (this.#spent[minute] ?? 0) + usd_nanos;
    this.#judge(objectives, mono_ms);
  }

  /** Why a call of a tier is held back now; undefined when it is not. */
  holds(qos: Qos, objectives: Objectives, mono_ms: number): Breach | undefined {
    this.#pass(mono_ms);
    this.#judge(objectives, mono_ms);
    const is_held = (qos === 'bronze' && this.#level >= 1) || (qos === 'silver' && this.#level >= 2);
    return is_held ? this.#breach : undefined;
  }

  /** Tiers that are held back: 0 none, 1 bronze, 2 silver, too. */
  get level(): 0 | 1 | 2 {
    return this.#level;
  }

  #judge(objectives: Objectives, mono_ms: number): void {
    if (mono_ms - this.#judged_ms < JUDGE_MS) return;
    this.#judged_ms = mono_ms;
    const breach = this.#broken(objectives, mono_ms);
    if (breach !== undefined) {
      this.#breach = breach;
      this.#broken_ms = mono_ms;
      if (this.#level === 2 || mono_ms - this.#changed_ms < RAISE_MS) return;
      this.#level = this.#level === 0 ? 1 : 2;
      this.#changed_ms = mono_ms;
    } else if (this.#level > 0 && mono_ms - Math.max(this.#broken_ms, this.#changed_ms) >= LOWER_MS) {
      this.#level = this.#level === 2 ? 1 : 0;
      this.#changed_ms = mono_ms;
    }
  }

  #broken({ p95_ms, error_rate, usd_nanos_per_hour }: Objectives, mono_ms: number): Breach | undefined {
    if (usd_nanos_per_hour !== undefined) {
      const value = this.#spent.reduce((sum, spent) => sum + spent, 0);
      if (value > usd_nanos_per_hour) return { objective: 'usd_per_hour', value, target: usd_nanos_per_hour };
    }
    if (p95_ms === undefined && error_rate === undefined) return undefined;
    const recent: number[] = [];
    let failed = 0;
    for (let i = 0; i < CALLS; i += 1) {
      if (mono_ms - (this.#at_ms[i] as number) > CALLS_MS) continue;
      recent.push(this.#latency_ms[i] as number);
      failed += this.#failed[i] as number;
    }
    if (recent.length < CALLS_MIN) return undefined;
    const rate = failed / recent.length;
    if (error_rate !== undefined && rate > error_rate)
      return { objective: 'error_rate', value: rate, target: error_rate };
    const p95 = recent.sort((a, b) => a - b)[Math.ceil(0.95 * recent.length) - 1] ?? 0;
    if (p95_ms !== undefined && p95 > p95_ms) return { objective: 'p95_ms', value: p95, target: p95_ms };
    return undefined;
  }

  /** Minutes that have begun since have seen no spending yet. */
  #pass(mono_ms: number): void {
    const minute = Math.floor(mono_ms / MINUTE_MS);
    assert(minute >= 0, 'monotone time is not below 0');
    if (minute <= this.#minute) return;
    const passed = Math.min(MINUTES, minute - this.#minute);
    for (let i = 0; i < passed; i += 1) this.#spent[(minute - i) % MINUTES] = 0;
    this.#minute = minute;
  }
}
