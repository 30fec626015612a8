import { AccountLedger, type Amounts, type Denial, type Reservation } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { SharedAccount, SharedBudgets } from '../../../src/engine/shared-budgets.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from './virtual-time.ts';

/** The store that routers share: late, sometimes out of reach, and spent from by others. */
export class FakeSharedBudgets implements SharedBudgets {
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #ledger: AccountLedger = new AccountLedger();
  readonly #open: Map<string, Reservation> = new Map();
  readonly settled: Map<string, Amounts> = new Map();
  /** The day that each call was to be charged to. */
  readonly days: Map<string, string> = new Map();
  readonly breaches: string[] = [];

  constructor(time: VirtualTime, draw: Draw) {
    this.#time = time;
    this.#draw = draw;
  }

  get open(): number {
    return this.#open.size;
  }

  async reserve(call_id: string, account: SharedAccount, amounts: Amounts): Promise<Denial | undefined> {
    if (this.#open.has(call_id)) this.breaches.push(`${call_id} reserved twice`);
    const { usd_nanos_per_day, tokens_per_day, calls_per_day } = account.limits;
    this.days.set(call_id, account.day);
    await this.#way();
    this.#ledger.setLimits(account.id, { usd_nanos_per_day, tokens_per_day, calls_per_day });
    const result = this.#ledger.reserve([account.id], amounts, Date.parse(account.day));
    if (result.ok) this.#open.set(call_id, result.reservation);
    await this.#wayBack();
    return result.ok ? undefined : result;
  }

  async extend(call_id: string, _account: SharedAccount, more: Amounts): Promise<Denial | undefined> {
    await this.#way();
    const held = this.#open.get(call_id);
    if (held === undefined) throw new Error(`history: ${call_id} extends what it does not hold`);
    const total = { calls: held.calls, tokens: held.tokens + more.tokens, usd_nanos: held.usd_nanos + more.usd_nanos };
    const result = this.#ledger.adjust(held, total);
    return result.ok ? undefined : result;
  }

  settle(call_id: string, actual: Amounts): void {
    if (this.settled.has(call_id)) this.breaches.push(`${call_id} settled twice`);
    this.settled.set(call_id, actual);
    const held = this.#open.get(call_id);
    if (held !== undefined) this.#ledger.settle(held, actual);
    this.#open.delete(call_id);
  }

  release(call_id: string): void {
    const held = this.#open.get(call_id);
    if (held !== undefined) this.#ledger.release(held);
    this.#open.delete(call_id);
  }

  async #way(): Promise<void> {
    await new Promise<void>((resolve) => void this.#time.after(this.#draw.int(0, 30), resolve));
    if (this.#draw.chance(0.05)) throw unreachable();
  }

  /** The store did what it was asked for, but nobody hears of it. */
  async #wayBack(): Promise<void> {
    await new Promise<void>((resolve) => void this.#time.after(this.#draw.int(0, 30), resolve));
    if (this.#draw.chance(0.05)) throw unreachable();
  }
}

function unreachable(): AtpError {
  return new AtpError('internal_error', 'The shared store cannot be reached.', { status: 503 });
}
