import { type AccountLedger, type AimdOptions, type WindowSign, WindowTable } from '@atp-router/flow';
import type { AttemptRecord } from '@atp-router/ledger';
import { deploymentAccount, providerAccount } from '../generation/accounts.ts';
import type { FlowGate, FlowWatch } from './flow-gate.ts';
import type { Ambient } from './ports.ts';
import type { Target } from './target.ts';
import { TunedWindows, type TunerSpec } from './tuned-windows.ts';

/** How windows of deployments follow what comes back. */
export interface WindowOptions extends AimdOptions {
  /** A first byte that takes longer is a sign of congestion; undefined: none is. */
  readonly latency_ms: number | undefined;
}

/** What windows are made of. */
export interface WindowParts {
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch?: FlowWatch | undefined;
  /** By account of the deployment. */
  readonly tuners?: ReadonlyMap<string, TunerSpec> | undefined;
}

/**
 * Calls in flight that each deployment bears now, within its limit: narrowed by timeouts, by refusals because of load, and by
 * slow answers, and opened again by timely ones. Where a deployment has a tuner, that moves the window, too.
 */
export class TargetWindows {
  readonly #table: WindowTable = new WindowTable();
  readonly #tuned: TunedWindows;
  readonly #parts: WindowParts;
  readonly #gate: FlowGate;
  #options: WindowOptions | undefined;

  constructor(parts: WindowParts, gate: FlowGate) {
    this.#parts = parts;
    this.#gate = gate;
    this.#tuned = new TunedWindows(
      parts.tuners ?? new Map(),
      parts.ambient,
      (account) => gate.load(account),
      (account, window) => this.#set(account, window),
    );
  }

  /** Undefined: windows stay as wide as the limits, and those that were narrowed open at once. */
  configure(options: WindowOptions | undefined): void {
    this.#options = options;
    if (options !== undefined) this.#table.tune(options);
    else for (const [account] of [...this.#table.entries()]) this.#set(account, this.#table.forget(account));
  }

  /** Before the attempt gives its place back. */
  ended({ key, provider }: Target, record: AttemptRecord): void {
    const options = this.#options;
    const sign = options && signOf(record, options.latency_ms);
    if (options === undefined || sign === undefined) return;
    const account = deploymentAccount(key);
    const most = this.#limit(account, provider.id);
    if (most === undefined) return;
    if (this.#tuned.ended(account, record, sign, { ...options, base: Math.min(options.base, most), max: most })) return;
    const before = this.#table.find(account);
    const { in_flight } = this.#gate.load(account);
    const window = this.#table.ended(account, sign, in_flight, most, this.#parts.ambient.clock.mono_ms());
    if (window === undefined) return;
    this.#set(account, window);
    if (sign !== 'timely' && window < (before ?? Infinity)) this.#parts.watch?.congested(sign);
  }

  /** Deployments whose windows are narrower than their limits, or that have a tuner. */
  *narrowed(): Generator<{ readonly account: string; readonly window: number; readonly factor: number }> {
    for (const [account, { window, max }] of this.#table.entries()) yield { account, window, factor: window / max };
    for (const [account, window] of this.#tuned.windows()) {
      const most = this.#parts.accounts.windows(account)?.limit_parallel ?? Infinity;
      yield { account, window, factor: Number.isFinite(most) ? window / most : 1 };
    }
  }

  /** Nothing runs any more. */
  rest(): void {
    this.#tuned.rest();
  }

  /** The deployment's own limit, else its provider's; undefined without either. */
  #limit(account: string, provider: string): number | undefined {
    const { accounts } = this.#parts;
    const own = accounts.windows(account)?.limit_parallel;
    if (own !== undefined && Number.isFinite(own)) return own;
    const of_provider = accounts.windows(providerAccount(provider))?.limit_parallel;
    return of_provider !== undefined && Number.isFinite(of_provider) ? of_provider : undefined;
  }

  #set(account: string, window: number): void {
    this.#parts.accounts.setCeiling(account, window);
    // Whoever waits has more room: the end of the call that brought this wakes them anyway, a tuner's decision does not.
    this.#gate.wake(account);
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
