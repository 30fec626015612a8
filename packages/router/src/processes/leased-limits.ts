import {
  type AccountLedger,
  type AccountLimits,
  type DayTotal,
  dayNumber,
  isNothing,
  type Now,
  hasBudget,
  NO_LIMITS,
} from '@atp-router/flow';
import type { Here } from '../engine/gate.ts';
import { isOwn } from './own-windows.ts';

/**
 * Which accounts credit is needed for at a worker. Ceilings count from when they are told of, and until they are told to be
 * gone: what calls hold is counted anew at that moment, and at no other. The ceiling of a session never does.
 */
export class LeasedLimits {
  readonly #accounts: AccountLedger;
  readonly #recount: () => void;
  /** Accounts with a ceiling that was told of: as many as there are deployments, and some that are limited anyway. */
  readonly #ceilings: Set<string> = new Set();
  #is_gathering = false;
  #has_others = false;

  /** `recount`: other accounts are limited than before. */
  constructor(accounts: AccountLedger, recount: () => void) {
    this.#accounts = accounts;
    this.#recount = recount;
  }

  /** Which limits there are; how high they are is the owner's. */
  readonly of = (account: string): AccountLimits | undefined => {
    const limits = this.#accounts.limitsOf(account);
    const has_ceiling = this.#ceilings.has(account);
    if (limits?.max_parallel === undefined) return has_ceiling ? { ...limits, max_parallel: 1 } : limits;
    const configured = this.#accounts.windows(account)?.limit_parallel;
    if (has_ceiling || configured === undefined || Number.isFinite(configured)) return limits;
    const { max_parallel: _, ...others } = limits;
    return others;
  };

  /** Limits of an account, or of any, are others. What is configured changes for all at once. */
  changed(account: string | undefined): void {
    if (account === undefined) for (const one of [...this.#ceilings]) this.#follow(one);
    else if (!this.#follow(account)) return;
    this.#has_others = true;
    if (!this.#is_gathering) this.#count();
  }

  /** What `run` changes counts together: counting is a pass over all that runs. */
  together(run: () => void): void {
    this.#is_gathering = true;
    try {
      run();
    } finally {
      this.#is_gathering = false;
      if (this.#has_others) this.#count();
    }
  }

  /** Returns whether credit is needed where it was not, or the other way. */
  #follow(account: string): boolean {
    const { max_parallel = Infinity, limit_parallel = Infinity } = this.#accounts.windows(account) ?? {};
    const is_there = Number.isFinite(max_parallel);
    if (isOwn(account) || is_there === this.#ceilings.has(account)) return false;
    if (is_there) this.#ceilings.add(account);
    else this.#ceilings.delete(account);
    return !Number.isFinite(limit_parallel);
  }

  #count(): void {
    this.#has_others = false;
    this.#recount();
  }
}

/** What this process used where there is a budget, on the days that count: it may be new, and know nothing of what was used before. */
export function usedOfBudgets(accounts: AccountLedger, here: Here, { now_ms }: Now): readonly DayTotal[] {
  const today = dayNumber(now_ms);
  return [...accounts.ids()]
    .filter((account) => hasBudget(accounts.limitsOf(account) ?? NO_LIMITS))
    .flatMap((account) =>
      [today - 1, today].flatMap((day) => {
        const used = here.used(account, day);
        return isNothing(used) ? [] : [{ account, day, used }];
      }),
    );
}
