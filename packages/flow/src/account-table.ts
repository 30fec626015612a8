import { assert } from '@atp-router/kernel';
import { Account } from './account.ts';
import { type AccountLimits, NO_LIMITS } from './amounts.ts';

/** Limits of accounts that nobody gave any by name; undefined: none. */
export type LimitsRule = (id: string) => AccountLimits | undefined;

/**
 * All accounts, at most so many. One that is not needed may be dropped, the least recently used first, and its counters with it.
 */
export class AccountTable {
  readonly max_accounts: number;
  readonly #accounts: Map<string, Account> = new Map();
  /** Those that are not needed, least recently used first. */
  readonly #droppable: Map<string, Account> = new Map();
  #ruleOf: LimitsRule = noRule;

  constructor(max_accounts: number) {
    assert(max_accounts >= 1, 'max_accounts must be at least 1');
    this.max_accounts = max_accounts;
  }

  get size(): number {
    return this.#accounts.size;
  }

  ids(): IterableIterator<string> {
    return this.#accounts.keys();
  }

  find(id: string): Account | undefined {
    return this.#accounts.get(id);
  }

  limitsOf(id: string): AccountLimits | undefined {
    const known = this.#accounts.get(id);
    if (known === undefined) return this.#ruleOf(id);
    const limits = known.limited ? known.limits : undefined;
    const { max_parallel } = known;
    return Number.isFinite(max_parallel) ? { ...limits, max_parallel } : limits;
  }

  setRule(ruleOf: LimitsRule): void {
    this.#ruleOf = ruleOf;
    for (const account of this.#accounts.values()) {
      if (account.limited && !account.by_rule) continue;
      this.#applyRule(account);
      this.rest(account);
    }
  }

  /** Finds or makes an account and keeps it from being dropped until `rest`. Undefined: there is no room. */
  open(id: string): Account | undefined {
    const known = this.#accounts.get(id);
    if (known !== undefined) {
      if (!known.is_needed) this.#droppable.delete(id);
      return known;
    }
    while (this.#accounts.size >= this.max_accounts) {
      const oldest = this.#droppable.keys().next();
      if (oldest.done) return undefined;
      this.#droppable.delete(oldest.value);
      this.#accounts.delete(oldest.value);
    }
    return this.add(id);
  }

  /** Makes an account although there may be no room. */
  add(id: string): Account {
    const account = new Account(id);
    this.#accounts.set(id, account);
    this.#applyRule(account);
    return account;
  }

  /** One that is not needed is marked as the last one to be dropped. */
  rest(account: Account): void {
    if (account.leaving && account.open === 0) this.#applyRule(account);
    if (account.is_needed) this.#droppable.delete(account.id);
    else this.#droppable.set(account.id, account);
  }

  #applyRule(account: Account): void {
    const limits = this.#ruleOf(account.id);
    account.setLimits(limits ?? NO_LIMITS);
    account.by_rule = limits !== undefined;
  }
}

function noRule(): undefined {
  return undefined;
}
