import { AccountLedger, type Amounts, type Denial, type Reservation, type Reserved } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import { type ModelEntry, type Outcome, type Permit, TargetHealth } from '@atp-router/routing';

/** The account ledger, with a list of what is open. */
export class WatchedLedger extends AccountLedger {
  readonly open: Map<Reservation, readonly string[]> = new Map();
  readonly breaches: string[] = [];
  readonly #now_ms: () => number;

  constructor(now_ms: () => number) {
    super();
    this.#now_ms = now_ms;
  }

  override reserve(accounts: readonly string[], amounts: Amounts, now_ms: number, qos?: Qos): Reserved | Denial {
    // A budget of the day is asked for by the wall clock.
    if (now_ms !== this.#now_ms()) this.breaches.push(`reserved for the day of ${new Date(now_ms).toISOString()}`);
    const result = super.reserve(accounts, amounts, now_ms, qos);
    if (result.ok) this.open.set(result.reservation, accounts);
    return result;
  }

  override settle(reservation: Reservation, actual: Amounts): void {
    super.settle(reservation, actual);
    this.open.delete(reservation);
  }

  override release(reservation: Reservation): void {
    super.release(reservation);
    this.open.delete(reservation);
  }

  /** Where the ledger's sums differ from what is open. */
  differences(now_ms: number): string[] {
    const out: string[] = [];
    for (const id of this.ids()) {
      const sum = { calls: 0, tokens: 0, usd_nanos: 0 };
      for (const [reservation, accounts] of this.open) {
        if (!accounts.includes(id)) continue;
        sum.calls += reservation.calls;
        sum.tokens += reservation.tokens;
        sum.usd_nanos += reservation.usd_nanos;
      }
      const said = this.snapshot(id, now_ms)?.outstanding;
      if (JSON.stringify(said) !== JSON.stringify(sum)) {
        out.push(`${id} has ${JSON.stringify(said)} outstanding, its open reservations hold ${JSON.stringify(sum)}`);
      }
    }
    return out;
  }
}

/** The health of all targets, with a count of the permits that are out. */
export class WatchedHealth extends TargetHealth {
  readonly out: Map<string, number> = new Map();
  readonly breaches: string[] = [];
  readonly #mono_ms: () => number;

  constructor(mono_ms: () => number, ...rest: ConstructorParameters<typeof TargetHealth>) {
    super(...rest);
    this.#mono_ms = mono_ms;
  }

  override allow(model: ModelEntry, now_ms: number): Permit {
    if (now_ms !== this.#mono_ms()) this.breaches.push(`a permit was asked for at ${now_ms} ms`);
    const permit = super.allow(model, now_ms);
    if (permit.kind !== 'denied') this.#count(model, 1);
    return permit;
  }

  override record(
    model: ModelEntry,
    permit: Permit,
    outcome: Outcome,
    latency_ms: number | undefined,
    now_ms: number,
  ): void {
    if (now_ms !== this.#mono_ms()) this.breaches.push(`an outcome was recorded for ${now_ms} ms`);
    super.record(model, permit, outcome, latency_ms, now_ms);
    this.#count(model, -1);
  }

  get permits_out(): number {
    let sum = 0;
    for (const count of this.out.values()) sum += count;
    return sum;
  }

  #count(model: ModelEntry, by: number): void {
    this.out.set(model.target_key, (this.out.get(model.target_key) ?? 0) + by);
  }
}
