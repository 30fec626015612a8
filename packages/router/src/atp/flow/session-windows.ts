import { type AccountLedger, type WindowSign, WindowTable } from '@atp-router/flow';
import type { WindowOptions } from '../../engine/target-windows.ts';

/** Streams that a session may have open, whatever else: the largest `max_parallel` of the protocol. */
export const SESSION_CALLS_MAX = 1_000;

export interface SessionWindowsParts {
  readonly accounts: AccountLedger;
  /** Undefined: windows follow nothing. */
  readonly options: () => WindowOptions | undefined;
  /** An account may have more in flight than before: who waits there is tried again. */
  readonly opened: (account: string) => void;
  /** A sign has narrowed a window. */
  readonly congested: (sign: WindowSign) => void;
}

/**
 * Calls in flight that each session may have, by what became of its calls: halved by timeouts, by long waits and by marks
 * on its frames, and opened by timely ends. A session is as wide as its limits until something narrows it; the account of
 * one that is narrow has its window for a ceiling.
 */
export class SessionWindows {
  readonly #parts: SessionWindowsParts;
  readonly #table: WindowTable = new WindowTable();

  constructor(parts: SessionWindowsParts) {
    this.#parts = parts;
    this.configure();
  }

  /** The factors may have changed. Without any, all windows open at once. */
  configure(): void {
    const options = this.#parts.options();
    if (options !== undefined) this.#table.tune(options);
    else for (const [account] of [...this.#table.entries()]) this.forget(account);
  }

  /** Undefined: nothing narrows it. */
  find(account: string): number | undefined {
    return this.#table.find(account);
  }

  /**
   * Something became of a call of the session, which had `in_flight`, that one included, and may have `most` by its limits.
   * Returns whether its window is another one now.
   */
  ended(account: string, sign: WindowSign, in_flight: number, most: number, mono_ms: number): boolean {
    if (this.#parts.options() === undefined) return false;
    const before = this.#table.find(account) ?? Number.POSITIVE_INFINITY;
    const window = this.#table.ended(account, sign, in_flight, most, mono_ms);
    if (window === undefined) return false;
    this.#set(account, window);
    if (sign !== 'timely' && window < before) this.#parts.congested(sign);
    return window !== before;
  }

  /** The session is over, or nothing narrows it any more. */
  forget(account: string): void {
    if (this.#table.find(account) !== undefined) this.#set(account, this.#table.forget(account));
  }

  #set(account: string, window: number): void {
    this.#parts.accounts.setCeiling(account, window);
    this.#parts.opened(account);
  }
}
