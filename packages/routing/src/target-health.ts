import {
  Breaker,
  type BreakerOptions,
  type BreakerState,
  type BreakerTransition,
  DEFAULT_BREAKER,
  type Outcome,
  type Permit,
} from './breaker.ts';
import type { Health } from './facts.ts';
import { DEFAULT_READINESS, Readiness, type ReadinessOptions, type ReadinessReport } from './readiness.ts';
import type { ModelEntry } from './registry.ts';

/** Targets that no configuration declares, as clients name them; the least recently made is forgotten first. */
const MAX_DYNAMIC_TARGETS = 1_000;

export interface BreakerChange extends BreakerTransition {
  readonly provider_id: string;
  readonly model_id: string;
}

export interface TargetHealthOptions {
  readonly breaker: BreakerOptions;
  readonly readiness: ReadinessOptions;
}

const DEFAULT_OPTIONS: TargetHealthOptions = { breaker: DEFAULT_BREAKER, readiness: DEFAULT_READINESS };

interface Target {
  readonly model: ModelEntry;
  readonly breaker: Breaker;
  readonly readiness: Readiness;
}

/**
 * Breaker and readiness of every target, under its stable key, so that they outlive a configuration generation.
 * Declared targets are bounded by the configuration (`keepOnly`), dynamic ones by 1000.
 */
export class TargetHealth implements Health {
  readonly #optionsOf: (model: ModelEntry) => TargetHealthOptions;
  readonly #onChange: (change: BreakerChange) => void;
  readonly #declared: Map<string, Target> = new Map();
  readonly #dynamic: Map<string, Target> = new Map();

  constructor(
    onChange: (change: BreakerChange) => void,
    optionsOf: (model: ModelEntry) => TargetHealthOptions = () => DEFAULT_OPTIONS,
  ) {
    this.#onChange = onChange;
    this.#optionsOf = optionsOf;
  }

  /** Asks for leave to make one attempt; record what came of it with the same permit. */
  allow(model: ModelEntry, now_ms: number): Permit {
    return this.#target(model, now_ms).breaker.allow(now_ms);
  }

  /** `latency_ms` is the time to the first byte; it counts for readiness on success only. */
  record(model: ModelEntry, permit: Permit, outcome: Outcome, latency_ms: number | undefined, now_ms: number): void {
    const target = this.#target(model, now_ms);
    target.breaker.record(permit, outcome, now_ms);
    if (outcome === 'ignored') return;
    const ok = outcome === 'success';
    target.readiness.record(ok, ok ? latency_ms : undefined, now_ms);
  }

  admits(model: ModelEntry, now_ms: number): boolean {
    return this.#find(model)?.breaker.admits(now_ms) ?? true;
  }

  retryAfter_ms(model: ModelEntry, now_ms: number): number | undefined {
    const wait_ms = this.#find(model)?.breaker.retryAfter_ms(now_ms) ?? 0;
    return wait_ms > 0 ? wait_ms : undefined;
  }

  ready(model: ModelEntry, now_ms: number): boolean {
    return this.#find(model)?.readiness.report(now_ms).ready ?? true;
  }

  /** Undefined for a target that was never tried. */
  report(model: ModelEntry, now_ms: number): ReadinessReport | undefined {
    return this.#find(model)?.readiness.report(now_ms);
  }

  breakerState(model: ModelEntry): BreakerState['kind'] {
    return this.#find(model)?.breaker.state.kind ?? 'closed';
  }

  /** Asks for the options of every target anew and puts them into force: its provider's settings may have changed. */
  configure(): void {
    for (const targets of [this.#declared, this.#dynamic]) {
      for (const { model, breaker, readiness } of targets.values()) {
        const options = this.#optionsOf(model);
        breaker.configure(options.breaker);
        readiness.configure(options.readiness);
      }
    }
  }

  /** Forgets declared targets that a new configuration no longer has. */
  keepOnly(models: readonly ModelEntry[]): void {
    const kept = new Set(models.map((model) => model.target_key));
    for (const key of this.#declared.keys()) if (!kept.has(key)) this.#declared.delete(key);
  }

  #find(model: ModelEntry): Target | undefined {
    return (model.dynamic ? this.#dynamic : this.#declared).get(model.target_key);
  }

  #target(model: ModelEntry, now_ms: number): Target {
    const known = this.#find(model);
    if (known !== undefined) return known;
    const onChange = (transition: BreakerTransition): void =>
      this.#onChange({ ...transition, provider_id: model.provider_id, model_id: model.id });
    const options = this.#optionsOf(model);
    const breaker = new Breaker(options.breaker, now_ms, onChange);
    const target: Target = { model, breaker, readiness: new Readiness(options.readiness) };
    const map = model.dynamic ? this.#dynamic : this.#declared;
    if (model.dynamic && map.size >= MAX_DYNAMIC_TARGETS) {
      const oldest = map.keys().next();
      if (!oldest.done) map.delete(oldest.value);
    }
    map.set(model.target_key, target);
    return target;
  }
}
