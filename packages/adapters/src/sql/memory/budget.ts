import { AtpError, type Clock } from '@atp-router/kernel';
import type { BudgetAccount, BudgetAmounts, BudgetStore, BudgetTotals, ReserveResult } from '@atp-router/ledger';
import {
  addAmounts,
  addSpent,
  checkAccounts,
  checkAmounts,
  FORGET_ACCOUNT_MS,
  findRefusal,
  negative,
  REMEMBER_MS,
  usedTwice,
  ZERO_AMOUNTS,
} from '../amounts.ts';

interface Reservation {
  readonly owner: string;
  readonly accounts: readonly BudgetAccount[];
  readonly amounts: BudgetAmounts;
  readonly expires_ms: number;
  readonly state: 'held' | 'settled' | 'released' | 'lapsed';
}

interface Account {
  spent: BudgetAmounts;
  reserved: BudgetAmounts;
  touched_ms: number;
}

/** Reservations and accounts, running and remembered: some 100 MB at worst. */
const ENTRIES_MAX = 200_000;

/** For one process. Forgets everything when it ends. */
export function memoryBudgetStore(clock: Clock): BudgetStore {
  return new MemoryBudgetStore(clock);
}

class MemoryBudgetStore implements BudgetStore {
  readonly #clock: Clock;
  readonly #accounts: Map<string, Account> = new Map();
  readonly #reservations: Map<string, Reservation> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async reserve(request: Parameters<BudgetStore['reserve']>[0]): Promise<ReserveResult> {
    const { reservation_id, owner, accounts, amounts, lease_ms } = request;
    checkAccounts(accounts);
    checkAmounts(amounts, 'reserve');
    this.#makeRoom();
    const refusal = this.#take(accounts, amounts);
    if (refusal !== undefined) return refusal;
    if (this.#reservations.has(reservation_id)) {
      this.#change(accounts, negative(amounts), ZERO_AMOUNTS);
      throw usedTwice(reservation_id);
    }
    const expires_ms = this.#clock.now_ms() + lease_ms;
    this.#reservations.set(reservation_id, { owner, accounts, amounts, expires_ms, state: 'held' });
    return { kind: 'reserved' };
  }

  async extend(request: Parameters<BudgetStore['extend']>[0]): Promise<ReserveResult> {
    const { reservation_id, amounts, lease_ms } = request;
    checkAmounts(amounts, 'extend');
    const found = this.#reservations.get(reservation_id);
    if (found?.state !== 'held') return { kind: 'gone' };
    const refusal = this.#take(found.accounts, amounts);
    if (refusal !== undefined) return refusal;
    const expires_ms = this.#clock.now_ms() + lease_ms;
    const held = { ...found, amounts: addAmounts(found.amounts, amounts), expires_ms };
    this.#reservations.set(reservation_id, held);
    return { kind: 'reserved' };
  }

  async settle(reservation_id: string, actual: BudgetAmounts): Promise<boolean> {
    checkAmounts(actual, 'settle');
    const found = this.#reservations.get(reservation_id);
    if (found === undefined || (found.state !== 'held' && found.state !== 'lapsed')) return false;
    this.#end(reservation_id, found, 'settled', actual);
    return true;
  }

  async release(reservation_id: string): Promise<boolean> {
    const found = this.#reservations.get(reservation_id);
    if (found?.state !== 'held') return false;
    this.#end(reservation_id, found, 'released', ZERO_AMOUNTS);
    return true;
  }

  async renew(reservation_ids: readonly string[], lease_ms: number): Promise<number> {
    const expires_ms = this.#clock.now_ms() + lease_ms;
    let renewed = 0;
    for (const id of reservation_ids) {
      const found = this.#reservations.get(id);
      if (found?.state !== 'held') continue;
      this.#reservations.set(id, { ...found, expires_ms });
      renewed += 1;
    }
    return renewed;
  }

  async unended(owner: string, limit: number, after: string = ''): Promise<readonly string[]> {
    const mine = [...this.#reservations].filter(([id, found]) => {
      return found.owner === owner && (found.state === 'held' || found.state === 'lapsed') && id > after;
    });
    return mine
      .map(([id]) => id)
      .sort()
      .slice(0, limit);
  }

  async totals(keys: readonly string[]): Promise<readonly BudgetTotals[]> {
    return keys.map((key) => {
      const { spent, reserved } = this.#accounts.get(key) ?? { spent: ZERO_AMOUNTS, reserved: ZERO_AMOUNTS };
      return { key, spent, reserved };
    });
  }

  async sweep(limit: number): Promise<number> {
    const now_ms = this.#clock.now_ms();
    const lapsed = this.#lapse(limit);
    let forgotten = 0;
    for (const [id, { state, expires_ms }] of this.#reservations) {
      if (forgotten >= limit) break;
      if (state === 'held' || expires_ms > now_ms - REMEMBER_MS) continue;
      this.#reservations.delete(id);
      forgotten += 1;
    }
    for (const [key, { touched_ms }] of this.#accounts) {
      if (touched_ms > now_ms - FORGET_ACCOUNT_MS) continue;
      this.#accounts.delete(key);
      forgotten += 1;
    }
    return lapsed + forgotten;
  }

  /** Tries again after giving back what dead holders still hold. */
  #take(accounts: readonly BudgetAccount[], amounts: BudgetAmounts): ReserveResult | undefined {
    let refusal = this.#refusal(accounts, amounts);
    if (refusal !== undefined && this.#lapse(Number.POSITIVE_INFINITY) > 0) refusal = this.#refusal(accounts, amounts);
    if (refusal === undefined) this.#change(accounts, amounts, ZERO_AMOUNTS);
    return refusal;
  }

  #refusal(accounts: readonly BudgetAccount[], amounts: BudgetAmounts): ReserveResult | undefined {
    for (const account of accounts) {
      const { spent, reserved } = this.#account(account.key);
      const refusal = findRefusal(account, addAmounts(spent, reserved), amounts);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #lapse(limit: number): number {
    const now_ms = this.#clock.now_ms();
    let lapsed = 0;
    for (const [id, found] of this.#reservations) {
      if (lapsed >= limit) break;
      if (found.state !== 'held' || found.expires_ms > now_ms) continue;
      this.#end(id, found, 'lapsed', ZERO_AMOUNTS);
      lapsed += 1;
    }
    return lapsed;
  }

  #end(id: string, found: Reservation, state: Reservation['state'], actual: BudgetAmounts): void {
    const back = found.state === 'held' ? negative(found.amounts) : ZERO_AMOUNTS;
    this.#change(found.accounts, back, actual);
    this.#reservations.set(id, { ...found, state });
  }

  #change(accounts: readonly BudgetAccount[], reserved: BudgetAmounts, spent: BudgetAmounts): void {
    for (const { key } of accounts) {
      const account = this.#account(key);
      account.reserved = addAmounts(account.reserved, reserved);
      account.spent = addSpent(account.spent, spent);
      account.touched_ms = this.#clock.now_ms();
    }
  }

  #account(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const account: Account = { spent: ZERO_AMOUNTS, reserved: ZERO_AMOUNTS, touched_ms: this.#clock.now_ms() };
    this.#accounts.set(key, account);
    return account;
  }

  #makeRoom(): void {
    if (this.#reservations.size + this.#accounts.size < ENTRIES_MAX) return;
    throw new AtpError('backpressure', 'Too many budget reservations are open in this process. Retry in a moment.');
  }
}
