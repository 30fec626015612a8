import type { FlowGauges } from '@atp-router/adapters';
import { type AccountLedger, BurnRate, type Spike } from '@atp-router/flow';
import type { RouterEvent } from '@atp-router/ledger';
import { NANOS_PER_MICRO } from '@atp-router/kernel';
import { tenantAccount } from '../generation/accounts.ts';

/** Tenants whose spending is followed; the one that has spent nothing for longest is forgotten. About 200 B each. */
const TENANTS_MAX = 10_000;
/** Tenants in one scrape. */
const SHOWN_MAX = 500;

/** How fast tenants spend, from the records of their calls. */
export class Spending {
  readonly #rates: Map<string, BurnRate> = new Map();
  readonly #accounts: AccountLedger;
  readonly #now_ms: () => number;
  readonly #onSpike: (tenant: string, spike: Spike) => void;

  constructor(accounts: AccountLedger, now_ms: () => number, onSpike: (tenant: string, spike: Spike) => void) {
    this.#accounts = accounts;
    this.#now_ms = now_ms;
    this.#onSpike = onSpike;
  }

  observe(event: RouterEvent): void {
    if (event.type !== 'call.ended') return;
    const { tenant, cost_usd_nanos } = event;
    const rate = this.#rates.get(tenant) ?? new BurnRate();
    this.#rates.delete(tenant);
    this.#rates.set(tenant, rate);
    const [oldest] = this.#rates.size > TENANTS_MAX ? this.#rates.keys() : [];
    if (oldest !== undefined) this.#rates.delete(oldest);
    const spike = rate.spend(cost_usd_nanos / NANOS_PER_MICRO, this.#now_ms());
    if (spike !== undefined) this.#onSpike(tenant, spike);
  }

  /** Of one tenant; undefined before it has spent anything. */
  of(tenant: string): FlowGauges['spending'][number] | undefined {
    const rate = this.#rates.get(tenant);
    if (rate === undefined) return undefined;
    const now_ms = this.#now_ms();
    rate.pass(now_ms);
    const left = this.#accounts.headroom(tenantAccount(tenant), now_ms)?.usd_nanos_left ?? Infinity;
    const minutes = rate.exhaustion_min(left / NANOS_PER_MICRO);
    return {
      tenant,
      usd_micros_per_minute: rate.per_minute,
      exhaustion_minutes: Number.isFinite(minutes) ? minutes : undefined,
    };
  }

  /** The tenants that have spent last. */
  list(): FlowGauges['spending'] {
    const tenants = [...this.#rates.keys()].reverse().slice(0, SHOWN_MAX);
    return tenants.flatMap((tenant) => this.of(tenant) ?? []);
  }
}
