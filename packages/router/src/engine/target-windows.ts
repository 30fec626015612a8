import { type AccountLedger, type AimdOptions, type WindowSign, WindowTable } from '@atp-router/flow';
import type { AttemptRecord } from '@atp-router/ledger';
import { callLimit, mostCalls } from './call-limit.ts';
import type { Ceilings } from './ceilings.ts';
import type { Gate, FlowWatch } from './gate.ts';
import type { Ambient } from './ports.ts';
import type { Target } from './target.ts';
import { type TunedEnd, TunedWindows, type TunerSpec } from './tuned-windows.ts';

/** How windows of deployments follow what comes back. */
export interface WindowOptions extends AimdOptions {
  /** A first byte that takes longer is a sign of congestion; undefined: none is. */
  readonly latency_ms: number | undefined;
}

/** What came back from a deployment, as far as it says something of what that bears. */
export interface Signal {
  readonly account: string;
  readonly provider_account: string;
  readonly sign: WindowSign;
  readonly record: TunedEnd;
}

/** What windows are made of. */
export interface WindowParts {
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch?: FlowWatch | undefined;
  /** By account of the deployment. */
  readonly tuners?: ReadonlyMap<string, TunerSpec> | undefined;
  /** Another process has the windows of all, and is told what comes back here. */
  readonly relay?: { signal(signal: Signal): void } | undefined;
}

/**
 * Calls in flight that each deployment bears now, within its limit: narrowed by timeouts, by refusals because of load, and by
 * slow answers, and opened again by timely ones. Where a deployment has a tuner, that moves the window, too.
 */
export class TargetWindows {
  readonly #table: WindowTable = new WindowTable();
  readonly #tuned: TunedWindows;
  readonly #parts: WindowParts;
  readonly #gate: Gate;
  readonly #ceilings: Ceilings;
  #options: WindowOptions | undefined;

  constructor(parts: WindowParts, gate: Gate, ceilings: Ceilings) {
    this.#parts = parts;
    this.#gate = gate;
    this.#ceilings = ceilings;
    this.#tuned = new TunedWindows(
      parts.tuners ?? new Map(),
      parts.ambient,
      (account) => gate.load(account),
      (account, window) => this.#set(account, window),
    );
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
  ended({ deployment_account, provider_account, provider, description }: Target, record: AttemptRecord): void {
    const options = this.#options;
    // That agents are busy was known before: it says nothing of what they bear.
    const is_agent = description.kind === 'agent';
    if (options === undefined || (is_agent && record.error === 'backpressure') || !provider.is_common) return;
    const sign = signOf(record, options.latency_ms);
    if (sign === undefined) return;
    // It has narrowed the window of the agent that it is of, and so what all of them take together. A tuner wants to know all.
    if (is_agent && OF_ONE_AGENT.has(sign) && !this.#tuned.has(deployment_account)) return;
    const { outcome, latency_ms, usage } = record;
    this.#signal({ account: deployment_account, provider_account, sign, record: { outcome, latency_ms, usage } });
  }

  #signal(signal: Signal): void {
    const { relay } = this.#parts;
    if (relay === undefined) this.take(signal);
    else if (!this.#isIdle(signal)) relay.signal(signal);
  }

  /** Answers in time open a window again: where none is narrow, and nobody learns from them, they need not be told. */
  #isIdle({ account, sign }: Signal): boolean {
    if (sign !== 'timely' || this.#tuned.has(account)) return false;
    return this.#ceilings.of(account, 'answers') === Number.POSITIVE_INFINITY;
  }

  /** What came back here, or at another process whose windows these are too. */
  take({ account, provider_account, sign, record }: Signal): void {
    const options = this.#options;
    if (options === undefined) return;
    const most = mostCalls(this.#parts.accounts, this.#ceilings, account, provider_account);
    const configured = { ...options, base: Math.min(options.base, most), max: most };
    if (isBounded(most) && this.#tuned.ended(account, record, sign, configured)) return;
    this.#sign(account, sign, most);
  }

  #sign(account: string, sign: WindowSign, most: number): void {
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
      const most = callLimit(this.#parts.accounts, account);
      yield { account, window, factor: Number.isFinite(most) ? window / most : 1 };
    }
  }

  /** Nothing runs any more. */
  rest(): void {
    this.#tuned.rest();
  }

  #set(account: string, window: number): void {
    this.#ceilings.set(account, 'answers', window);
  }
}

/** Signs that an agent's own window follows. */
const OF_ONE_AGENT: ReadonlySet<WindowSign> = new Set<WindowSign>(['timeout', 'ecn']);

/** A tuner needs to know how far it may go. */
function isBounded(most: number): boolean {
  return Number.isFinite(most) && most >= 1;
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
