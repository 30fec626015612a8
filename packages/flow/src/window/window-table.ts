import { assert } from '@atp-router/kernel';
import { Aimd, type AimdOptions, type AimdTrouble, DEFAULT_AIMD } from './aimd.ts';

/** Windows that are kept; beyond, an account has none until others are forgotten. About 200 B each. */
const WINDOWS_MAX = 10_000;

/** How one call at an account went, as far as its window is concerned. */
export type WindowSign = 'timely' | AimdTrouble;

/** Windows of accounts that follow what comes back, each within the limit that its account has. Only narrow ones are kept. */
export class WindowTable {
  readonly #windows: Map<string, Aimd> = new Map();
  #options: AimdOptions = DEFAULT_AIMD;

  /** Factors for all, from a tuner or a configuration; each window keeps to its own account's limit. */
  tune(options: AimdOptions): void {
    this.#options = options;
    for (const aimd of this.#windows.values()) aimd.tune(within(options, aimd.max));
  }

  /**
   * A call ended at an account that may have `most` in flight and had `in_flight`, itself included. Returns the window when it
   * changed, `Infinity` when nothing narrows it any more. An account without a limit has no window.
   */
  ended(account: string, sign: WindowSign, in_flight: number, most: number, mono_ms: number): number | undefined {
    if (!Number.isFinite(most) || most < 1) return this.#windows.has(account) ? this.forget(account) : undefined;
    const aimd = this.#of(account, sign, most);
    if (aimd === undefined) return undefined;
    const before = aimd.window;
    if (sign === 'timely') aimd.answered(in_flight, mono_ms);
    else aimd.troubled(sign, mono_ms);
    if (aimd.window >= most) return this.forget(account);
    return aimd.window === before ? undefined : aimd.window;
  }

  /** The window of an account; undefined while nothing narrows it. */
  find(account: string): number | undefined {
    return this.#windows.get(account)?.window;
  }

  /** Returns the window that it has then: `Infinity`. */
  forget(account: string): number {
    this.#windows.delete(account);
    return Number.POSITIVE_INFINITY;
  }

  entries(): IterableIterator<[string, Aimd]> {
    return this.#windows.entries();
  }

  /** Made at the first trouble, as wide as the account's limit. */
  #of(account: string, sign: WindowSign, most: number): Aimd | undefined {
    const known = this.#windows.get(account);
    if (known !== undefined && known.max !== most) known.tune(within(this.#options, most));
    if (known !== undefined || sign === 'timely' || this.#windows.size >= WINDOWS_MAX) return known;
    const aimd = new Aimd(within(this.#options, most), most);
    this.#windows.set(account, aimd);
    return aimd;
  }
}

function within(options: AimdOptions, most: number): AimdOptions {
  assert(most >= 1, 'a window is one call at least');
  return { ...options, base: Math.min(options.base, most), max: most };
}
