import { type AccountLedger, type AimdOptions, type WindowSign, WindowTable } from '@atp-router/flow';
import type { AttemptRecord } from '@atp-router/ledger';
import { deploymentAccount, providerAccount } from '../generation/accounts.ts';
import type { Target } from './target.ts';

/** How windows of deployments follow what comes back. */
export interface WindowOptions extends AimdOptions {
  /** A first byte that takes longer is a sign of congestion; undefined: none is. */
  readonly latency_ms: number | undefined;
}

/**
 * Calls in flight that each deployment bears now, within its limit: narrowed by timeouts, by refusals because of load, and by
 * slow answers, and opened again by timely ones.
 */
export class TargetWindows {
  readonly #table: WindowTable;
  readonly #accounts: AccountLedger;
  readonly #onCongested: (sign: string) => void;
  #options: WindowOptions | undefined;

  /** `onCongested`: told each sign that narrowed a window. */
  constructor(accounts: AccountLedger, onCongested: (sign: string) => void) {
    this.#accounts = accounts;
    this.#onCongested = onCongested;
    this.#table = new WindowTable();
  }

  /** As configured; undefined: windows follow nothing. */
  get options(): WindowOptions | undefined {
    return this.#options;
  }

  /** Undefined: windows stay as wide as the limits, and those that were narrowed open at once. */
  configure(options: WindowOptions | undefined): void {
    this.#options = options;
    if (options !== undefined) this.#table.tune(options);
    else for (const [account] of [...this.#table.entries()]) this.#set(account, this.#table.forget(account));
  }

  /** Before the attempt gives its place back. */
  ended({ key, provider }: Target, record: AttemptRecord, mono_ms: number): void {
    const sign = this.#options && signOf(record, this.#options.latency_ms);
    if (sign === undefined) return;
    const account = deploymentAccount(key);
    const windows = this.#accounts.windows(account);
    if (windows === undefined) return;
    const own = windows.limit_parallel;
    const most = Number.isFinite(own) ? own : this.#accounts.windows(providerAccount(provider.id))?.limit_parallel;
    const before = this.#table.find(account);
    const window = this.#table.ended(account, sign, windows.out_calls, most ?? Infinity, mono_ms);
    if (window === undefined) return;
    this.#set(account, window);
    if (sign !== 'timely' && window < (before ?? Infinity)) this.#onCongested(sign);
  }

  /** Deployments whose windows are narrower than their limits. */
  *narrowed(): Generator<{ readonly account: string; readonly window: number; readonly factor: number }> {
    for (const [account, { window, max }] of this.#table.entries()) yield { account, window, factor: window / max };
  }

  #set(account: string, window: number): void {
    this.#accounts.setCeiling(account, window);
  }
}

/** Undefined: it says nothing of load. */
function signOf(record: AttemptRecord, latency_ms: number | undefined): WindowSign | undefined {
  if (record.outcome === 'ok') {
    const { ttfb_ms } = record;
    return latency_ms !== undefined && ttfb_ms !== undefined && ttfb_ms > latency_ms ? 'latency' : 'timely';
  }
  if (record.error === 'upstream_timeout') return 'timeout';
  // The provider's own "too much": as good as a mark on a packet.
  return record.error === 'rate_limited' || record.error === 'backpressure' ? 'ecn' : undefined;
}
