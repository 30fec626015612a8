import type { Qos } from '@atp-router/kernel';
import type { LeasedTicket } from './leased-ticket.ts';

/** Accounts whose last refusal is remembered. */
const REFUSALS_MAX = 1_000;

/** Who waits at the owner for this process, and what the owner said of the next turn at accounts that refused. */
export class Waits {
  readonly #counts: Map<string, number> = new Map();
  readonly #refusals: Map<string, number> = new Map();

  begin(ticket: LeasedTicket): void {
    this.#count(ticket, 1);
  }

  end(ticket: LeasedTicket): void {
    this.#count(ticket, -1);
  }

  of(qos: Qos): number {
    return this.#counts.get(qos) ?? 0;
  }

  ofTenant(tenant: string): number {
    return this.#counts.get(tenantKey(tenant)) ?? 0;
  }

  refused(account: string, until_mono_ms: number): void {
    this.#refusals.delete(account);
    this.#refusals.set(account, until_mono_ms);
    const [oldest] = this.#refusals.size > REFUSALS_MAX ? this.#refusals.keys() : [];
    if (oldest !== undefined) this.#refusals.delete(oldest);
  }

  left_ms(account: string, mono_ms: number): number | undefined {
    const left_ms = (this.#refusals.get(account) ?? mono_ms) - mono_ms;
    return left_ms > 0 ? left_ms : undefined;
  }

  #count({ key: { qos, tenant } }: LeasedTicket, by: 1 | -1): void {
    for (const key of [qos, tenantKey(tenant)]) {
      const count = (this.#counts.get(key) ?? 0) + by;
      if (count === 0) this.#counts.delete(key);
      else this.#counts.set(key, count);
    }
  }
}

/** No tier begins with a space. */
function tenantKey(tenant: string): string {
  return ` ${tenant}`;
}
