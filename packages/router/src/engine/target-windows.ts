import { type AccountLedger, type AimdOptions, type WindowSign, WindowTable } from '@atp-router/flow';
import type { AttemptRecord } from '@atp-router/ledger';
import { deploymentAccount, providerAccount } from '../generation/accounts.ts';
import type { Ceilings } from './ceilings.ts';
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
  readonly #ceilings: Ceilings;
  readonly #onCongested: (sign: string) => void;
  #options: WindowOptions | undefined;

  /** `onCongested`: told each sign that narrowed a window. */
  constructor(accounts: AccountLedger, ceilings: Ceilings, onCongested: (sign: string) => void) {
    this.#accounts = accounts;
    this.#ceilings = ceilings;
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
  ended({ key, provider, description }: Target, record: AttemptRecord, mono_ms: number): void {
    // That agents are busy was known before: it says nothing of what they bear.
    const is_known = description.kind === 'agent' && record.error === 'backpressure';
    if (is_known || !provider.is_common) return;
    const sign = this.#options && signOf(record, this.#options.latency_ms);
    if (sign === undefined) return;
    this.#sign(deploymentAccount(key), sign, providerAccount(provider.id), mono_ms);
  }

  /** Whoever answers there says that it is sent too much (ECN). */
  crowded(account: string, mono_ms: number): void {
    if (this.#options !== undefined) this.#sign(account, 'ecn', undefined, mono_ms);
  }

  #sign(account: string, sign: WindowSign, provider: string | undefined, mono_ms: number): void {
    const windows = this.#accounts.windows(account);
    if (windows === undefined) return;
    const before = this.#table.find(account);
    const window = this.#table.ended(account, sign, windows.out_calls, this.#most(account, provider), mono_ms);
    if (window === undefined) return;
    this.#set(account, window);
    if (sign !== 'timely' && window < (before ?? Infinity)) this.#onCongested(sign);
  }

  /** Calls in flight that a deployment has at most: by its own limit, or its provider's, and by the agents that are there. */
  #most(account: string, provider: string | undefined): number {
    const own = this.#accounts.windows(account)?.limit_parallel ?? Infinity;
    const of_provider = provider === undefined ? undefined : this.#accounts.windows(provider)?.limit_parallel;
    const limit = Number.isFinite(own) ? own : (of_provider ?? Infinity);
    return Math.min(limit, this.#ceilings.of(account, 'agents'));
  }

  /** Deployments whose windows are narrower than their limits. */
  *narrowed(): Generator<{ readonly account: string; readonly window: number; readonly factor: number }> {
    for (const [account, { window, max }] of this.#table.entries()) yield { account, window, factor: window / max };
  }

  #set(account: string, window: number): void {
    this.#ceilings.set(account, 'answers', window);
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
