import { type Breach, type Objectives, Throttle } from '@atp-router/flow';
import { AtpError, nanosToMicros, type Qos } from '@atp-router/kernel';
import type { CallEnded } from '@atp-router/ledger';

/** How long a client whose tier is held back had better wait: as long as it takes to see whether that helped. */
const RETRY_MS = 10_000;

/** Objectives of tenants: their worse tiers are held back while one of them is broken. Only tenants with objectives are kept. */
export class Throttles {
  readonly #throttles: Map<string, Throttle> = new Map();
  readonly #mono_ms: () => number;

  constructor(mono_ms: () => number) {
    this.#mono_ms = mono_ms;
  }

  /** Refusals of the router itself say nothing of what its tenants get. */
  ended({ tenant, latency_ms, outcome, error, cost_usd_nanos }: CallEnded, objectives: Objectives | undefined): void {
    if (objectives === undefined) {
      this.#throttles.delete(tenant);
      return;
    }
    const has_failed = outcome === 'error' && error !== 'preempted';
    const call = { latency_ms, has_failed, usd_nanos: cost_usd_nanos };
    this.#of(tenant).ended(call, objectives, this.#mono_ms());
  }

  /** Why a call is held back, as its client is told. */
  refusal(tenant: string, qos: Qos, objectives: Objectives | undefined): AtpError | undefined {
    if (objectives === undefined) return undefined;
    const breach = this.#throttles.get(tenant)?.holds(qos, objectives, this.#mono_ms());
    if (breach === undefined) return undefined;
    const { objective, value, target } = shown(breach);
    return new AtpError(
      'rate_limited',
      `Calls of tier ${qos} of tenant "${tenant}" are held back: ${WORDS[breach.objective]} is ${value}, the objective ${target}. Better tiers go on. Retry later.`,
      { param: 'qos', retry_after_ms: RETRY_MS, details: { objective, value, target } },
    );
  }

  /** Tenants that have objectives and have been called. */
  tenants(): IterableIterator<string> {
    return this.#throttles.keys();
  }

  /** Tiers that are held back: 0 none, 1 bronze, 2 silver, too. */
  level(tenant: string): 0 | 1 | 2 {
    return this.#throttles.get(tenant)?.level ?? 0;
  }

  #of(tenant: string): Throttle {
    const throttle = this.#throttles.get(tenant) ?? new Throttle();
    this.#throttles.set(tenant, throttle);
    return throttle;
  }
}

const WORDS: Readonly<Record<Breach['objective'], string>> = {
  p95_ms: 'the 95th percentile of their duration in milliseconds',
  error_rate: 'the share of calls that fail',
  usd_per_hour: 'what the last hour cost in US dollars',
};

function shown({ objective, value, target }: Breach): { objective: string; value: number; target: number } {
  const usd = (nanos: number): number => nanosToMicros(nanos) / 1e6;
  if (objective === 'usd_per_hour') return { objective, value: usd(value), target: usd(target) };
  return { objective, value: Number(value.toFixed(objective === 'p95_ms' ? 0 : 3)), target };
}
