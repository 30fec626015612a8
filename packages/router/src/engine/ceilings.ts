import type { AccountLedger } from '@atp-router/flow';

/** What allows an account only so many calls at a time: answers that come back, the agents that are there, bad estimates. */
export type CeilingReason = 'answers' | 'agents' | 'estimates';

/** Ceilings of accounts, each the least of those that there are reasons for. Only accounts that have one are kept. */
export class Ceilings {
  readonly #accounts: AccountLedger;
  readonly #opened: (account: string) => void;
  readonly #relay: ((account: string, reason: CeilingReason, calls: number) => void) | undefined;
  readonly #by: Map<string, Map<CeilingReason, number>> = new Map();

  /**
   * `opened`: told of an account that may have more in flight than before, so that whoever waits there is tried again. `relay`:
   * told of each change once it is in force, where another process holds the limits.
   */
  constructor(
    accounts: AccountLedger,
    opened: (account: string) => void,
    relay?: (account: string, reason: CeilingReason, calls: number) => void,
  ) {
    this.#accounts = accounts;
    this.#opened = opened;
    this.#relay = relay;
  }

  /** Calls that one reason allows; `Infinity` where there is none. */
  of(account: string, reason: CeilingReason): number {
    return this.#by.get(account)?.get(reason) ?? Number.POSITIVE_INFINITY;
  }

  /** All that there are reasons for. */
  *entries(): Generator<readonly [account: string, reason: CeilingReason, calls: number]> {
    for (const [account, reasons] of this.#by) for (const [reason, calls] of reasons) yield [account, reason, calls];
  }

  set(account: string, reason: CeilingReason, calls: number): void {
    const reasons = this.#by.get(account) ?? new Map<CeilingReason, number>();
    const before = Math.min(...reasons.values());
    const is_other = (reasons.get(reason) ?? Number.POSITIVE_INFINITY) !== calls;
    if (calls === Number.POSITIVE_INFINITY) reasons.delete(reason);
    else reasons.set(reason, calls);
    if (reasons.size === 0) this.#by.delete(account);
    else this.#by.set(account, reasons);
    const least = Math.min(...reasons.values());
    if (least !== before) this.#accounts.setCeiling(account, least);
    if (least > before) this.#opened(account);
    if (is_other) this.#relay?.(account, reason, calls);
  }
}
