import type { Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import type { Windows } from '../account.ts';
import { type Amounts, NOTHING } from '../amounts.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { shortage } from '../scheduler/shares.ts';
import { demandAt, wantedAt } from '../scheduler/wanted.ts';
import type { OwnerBody } from './messages.ts';
import type { OwnerSlot } from './owner-slot.ts';
import type { Asked, OwnerWorker } from './owner-worker.ts';
import { DIMENSIONS, each, isNothing, minus, plus, positive } from './sums.ts';

/** A worker was asked to stop calls: what is to come back, and what its tier held then. */
interface Stopping {
  readonly ask: number;
  readonly account: string;
  readonly worker: OwnerWorker;
  readonly qos: Qos;
  readonly held: Amounts;
  /** Undefined until the worker has answered. */
  amounts: Amounts | undefined;
  readonly until_mono_ms: number;
}

/** What is told to stop ends within this, or somebody else is asked; a worker with nothing to stop is left alone as long. */
const STOPPING_MS = 5_000;
/** Asks that are out at one time, in all; further ones follow. */
const ASKS_MAX = 1_000;

const WORST_FIRST: readonly Qos[] = ['bronze', 'silver'];

export type Tell = (worker: OwnerWorker, body: OwnerBody) => void;

/**
 * Accounts at which somebody waits: credit there is called back, and calls of worse tiers are stopped for gold that has less than
 * its part. Whom it hits is decided by the worker that holds most of the tier: it knows which of its calls are the oldest.
 */
export class Contention {
  readonly #ledger: AccountLedger;
  readonly #scheduler: Scheduler<Asked>;
  readonly #tell: Tell;
  readonly #slots: Map<string, Map<OwnerSlot, OwnerWorker>> = new Map();
  readonly #hot: Set<string> = new Set();
  /** Those of them at which something has happened since they were looked at. */
  readonly #touched: Set<string> = new Set();
  /** Credit is called back here once, although nobody waits. */
  readonly #pressed: Set<string> = new Set();
  #stopping: Stopping[] = [];
  #asks = 0;

  constructor(ledger: AccountLedger, scheduler: Scheduler<Asked>, tell: Tell) {
    this.#ledger = ledger;
    this.#scheduler = scheduler;
    this.#tell = tell;
  }

  add(slot: OwnerSlot, worker: OwnerWorker): void {
    const slots = this.#slots.get(slot.account) ?? new Map<OwnerSlot, OwnerWorker>();
    slots.set(slot, worker);
    this.#slots.set(slot.account, slots);
  }

  remove(slot: OwnerSlot): void {
    const slots = this.#slots.get(slot.account);
    slots?.delete(slot);
    if (slots?.size === 0) this.#slots.delete(slot.account);
  }

  slotsAt(account: string): Iterable<OwnerSlot> {
    return this.#slots.get(account)?.keys() ?? [];
  }

  /** Somebody waits here, or did when it was last looked at. */
  get is_any(): boolean {
    return this.#hot.size > 0;
  }

  heat(account: string): void {
    this.#hot.add(account);
    this.#touched.add(account);
  }

  /** Something has changed there: what is out, or who waits. */
  touch(account: string): void {
    if (this.#hot.has(account)) this.#touched.add(account);
  }

  /** A call that runs was refused more of it. */
  press(account: string): void {
    this.#pressed.add(account);
  }

  /** Nobody waits there, and no limit is passed: credit may be given. */
  isCalm(account: string): boolean {
    return (this.#scheduler.pool(account)?.queue.size ?? 0) === 0 && !this.#isOver(account);
  }

  /** Whether a recall would bring something back. */
  isRecallable(account: string): boolean {
    for (const slot of this.slotsAt(account)) if (slot.is_recallable) return true;
    return false;
  }

  stopped(worker: OwnerWorker, ask: number, amounts: Amounts): void {
    const asked = this.#stopping.find((one) => one.ask === ask && one.worker === worker);
    if (asked === undefined) return;
    asked.amounts = amounts;
    this.touch(asked.account);
  }

  forget(worker: OwnerWorker): void {
    this.#stopping = this.#stopping.filter((one) => one.worker !== worker);
  }

  /** After each input: what has to be asked for where something has happened. From time to time, with `all`, everywhere. */
  run(mono_ms: number, all: boolean): void {
    const accounts = all ? [...this.#hot] : [...this.#touched];
    this.#touched.clear();
    if (accounts.length + this.#pressed.size === 0) return;
    const recalls = new Map<OwnerWorker, string[]>();
    for (const account of this.#pressed) this.#recall(account, recalls);
    this.#pressed.clear();
    for (const account of accounts) {
      if (this.isCalm(account)) this.#hot.delete(account);
      else this.#recall(account, recalls);
    }
    for (const [worker, accounts] of recalls) this.#tell(worker, { type: 'recall', accounts });
    this.#stopping = this.#stopping.filter((one) => one.until_mono_ms > mono_ms && !this.#isBack(one));
    for (const account of accounts) if (this.#hot.has(account)) this.#preempt(account, mono_ms);
  }

  #recall(account: string, recalls: Map<OwnerWorker, string[]>): void {
    for (const [slot, worker] of this.#slots.get(account) ?? []) {
      if (!slot.is_open || worker.state !== 'live') continue;
      slot.is_open = false;
      slot.is_answered = false;
      const accounts = recalls.get(worker) ?? [];
      if (!accounts.includes(account)) accounts.push(account);
      recalls.set(worker, accounts);
    }
  }

  #isOver(account: string): boolean {
    const windows = this.#ledger.windows(account);
    return windows !== undefined && !isNothing(overOf(windows));
  }

  #preempt(account: string, mono_ms: number): void {
    const windows = this.#ledger.windows(account);
    const pool = this.#scheduler.pool(account);
    if (windows === undefined || pool === undefined || !pool.has_shares) return;
    const ticket = pool.next(windows)?.owner;
    if (ticket?.key.qos !== 'gold') return;
    // What is idle comes back first.
    if (this.isRecallable(account)) return;
    const claim = pool.claim(windows, 'gold');
    if (claim === undefined || demandAt(ticket, account) === undefined) return;
    const wanted = wantedAt(pool, ticket, claim, this.#ledger);
    let short = positive(minus(shortage(windows, wanted), this.#coming(account)));
    for (const qos of WORST_FIRST) {
      if (isNothing(short)) return;
      const most = spare(windows, pool.shares[qos], qos);
      short = this.#ask(account, qos, short, most, mono_ms);
    }
  }

  /** All that its worker said comes back has come: it may be asked for more. One that had nothing to stop is left alone. */
  #isBack({ worker, account, qos, held, amounts }: Stopping): boolean {
    if (amounts === undefined || isNothing(amounts)) return false;
    const back = minus(held, this.#heldBy(worker, account, qos));
    return DIMENSIONS.every((of) => back[of] >= amounts[of]);
  }

  /** What is on its way back from calls that were told to stop; what has come back is not any more. */
  #coming(account: string, qos?: Qos): Amounts {
    let coming = NOTHING;
    for (const one of this.#stopping) {
      if (one.account !== account || (qos !== undefined && one.qos !== qos)) continue;
      const back = minus(one.held, this.#heldBy(one.worker, account, one.qos));
      coming = plus(coming, positive(minus(one.amounts ?? NOTHING, positive(back))));
    }
    return coming;
  }

  /** Asks the worker that holds most of a tier, one at a time. Returns what is short beside that. */
  #ask(account: string, qos: Qos, short: Amounts, most: Amounts, mono_ms: number): Amounts {
    const left = positive(minus(most, this.#coming(account, qos)));
    if (!DIMENSIONS.some((of) => short[of] > 0 && left[of] > 0)) return short;
    const asked = this.#stopping.filter((one) => one.account === account && one.qos === qos);
    // Its answer says what is short then.
    if (asked.some(({ amounts }) => amounts === undefined)) return NOTHING;
    let best: { readonly worker: OwnerWorker; readonly held: Amounts } | undefined;
    for (const worker of new Set(this.#slots.get(account)?.values())) {
      if (worker.state !== 'live' || asked.some((one) => one.worker === worker)) continue;
      const held = this.#heldBy(worker, account, qos);
      if (!isNothing(held) && (best === undefined || isMore(held, best.held, short))) best = { worker, held };
    }
    if (best === undefined || this.#stopping.length >= ASKS_MAX) return short;
    this.#asks += 1;
    const { worker, held } = best;
    const until_mono_ms = mono_ms + STOPPING_MS;
    this.#stopping.push({ ask: this.#asks, account, worker, qos, held, amounts: undefined, until_mono_ms });
    const bounded = { calls: finite(left.calls), tokens: finite(left.tokens), usd_nanos: finite(left.usd_nanos) };
    this.#tell(worker, { type: 'preempt', ask: this.#asks, account, qos, need: short, most: bounded });
    return NOTHING;
  }

  #heldBy(worker: OwnerWorker, account: string, qos: Qos): Amounts {
    let held = NOTHING;
    for (const [slot, its] of this.#slots.get(account) ?? []) if (its === worker) held = plus(held, slot.heldBy(qos));
    return held;
  }
}

/** What is outstanding beyond the windows. */
export function overOf(windows: Windows): Amounts {
  return positive({
    calls: windows.out_calls - windows.max_parallel,
    tokens: windows.out_tokens - windows.max_tokens,
    usd_nanos: windows.out_usd_nanos - windows.max_usd_nanos,
  });
}

/** What a tier holds beyond its part. */
function spare(windows: Windows, share: number, qos: Qos): Amounts {
  const held = windows.tier(qos);
  const limits: Amounts = {
    calls: windows.max_parallel,
    tokens: windows.max_tokens,
    usd_nanos: windows.max_usd_nanos,
  };
  return each((of) => {
    if (limits[of] === Number.POSITIVE_INFINITY || share === 0) return limits[of];
    return Math.max(0, held[of] - Math.ceil(share * limits[of]));
  });
}

function isMore(a: Amounts, b: Amounts, short: Amounts): boolean {
  return DIMENSIONS.some((of) => short[of] > 0 && a[of] > b[of]);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
