import type { Qos } from '@atp-router/kernel';
import { type AccountLimits, type Amounts, NO_LIMITS, NOTHING } from '../amounts.ts';
import { type Credit, type DayTotal, ENTRIES_MAX, type SlotState, type SlotSync } from './messages.ts';
import { isNothing, negative, plus } from './sums.ts';
import { isLimited, limitedBy, WorkerSlot } from './worker-slot.ts';
import type { CreditTicket, HeldPart } from './worker-ticket.ts';

/** Limits of an account as the worker's configuration says; undefined: none. Which there are matters here, not how high. */
export type LimitsOf = (account: string) => AccountLimits | undefined;

/** What somebody holds, or would. */
export type Hold = Pick<HeldPart, 'accounts' | 'amounts' | 'day'>;

/** A day is charged for as long as it lasts, and for a day more what began on it. */
const KEPT_MS = 49 * 3_600_000;

/** The slots of a worker. */
export class WorkerBooks {
  /** By account, one for each day that is not forgotten yet. Looked up for every call: no name is put together for that. */
  readonly #slots: Map<string, readonly WorkerSlot[]> = new Map();
  readonly #dirty: Set<WorkerSlot> = new Set();
  readonly #urgent: Set<WorkerSlot> = new Set();
  #limitsOf: LimitsOf;
  #size = 0;

  /** Slots that hold nothing but what incarnations before this one used: they are not this one's to answer for. */
  readonly inherited: number;

  constructor(limitsOf: LimitsOf, inherited: readonly DayTotal[] = []) {
    this.#limitsOf = limitsOf;
    for (const { account, day, used } of inherited) this.#open(account, day, Number.NEGATIVE_INFINITY).inherit(used);
    this.inherited = this.#size;
  }

  get size(): number {
    return this.#size;
  }

  *slots(): Generator<WorkerSlot> {
    for (const days of this.#slots.values()) yield* days;
  }

  find(account: string, day: number): WorkerSlot | undefined {
    const days = this.#slots.get(account);
    if (days === undefined) return undefined;
    for (const slot of days) if (slot.day === day) return slot;
    return undefined;
  }

  isLimited(account: string): boolean {
    const limits = this.#limitsOf(account);
    return limits !== undefined && isLimited(limitedBy(limits));
  }

  /** Takes all of these from open credit, or nothing. */
  tryHold(holds: readonly Hold[], qos: Qos, mono_ms: number): boolean {
    const taken: [WorkerSlot, Amounts][] = [];
    for (const { accounts, amounts, day } of holds) {
      for (const account of accounts) {
        const slot = this.find(account, day);
        if (slot === undefined ? !this.isLimited(account) : !slot.is_limited) continue;
        if (slot?.fits(amounts) !== true) {
          for (const [back, by] of taken) back.hold(qos, negative(by), mono_ms);
          return false;
        }
        slot.hold(qos, amounts, mono_ms);
        taken.push([slot, amounts]);
      }
    }
    for (const [slot] of taken) this.#touched(slot);
    return true;
  }

  /** What is held changes by so much, signed, whatever the credit. */
  hold(accounts: readonly string[], day: number, qos: Qos, by: Amounts, mono_ms: number): void {
    for (const account of accounts) {
      // What was held while nothing limited it is not known here, and does not come back here.
      const slot = isLess(by) ? this.find(account, day) : this.#limited(account, day, mono_ms);
      if (slot?.is_limited === false) continue;
      slot?.hold(qos, by, mono_ms);
      if (slot !== undefined) this.#touched(slot);
    }
  }

  use(accounts: readonly string[], day: number, used: Amounts, mono_ms: number): void {
    for (const account of accounts) {
      const slot = this.#limited(account, day, mono_ms);
      slot?.use(used);
      if (slot !== undefined) this.#touched(slot);
    }
  }

  take(credit: readonly Credit[], mono_ms: number): void {
    for (const one of credit) {
      const slot = this.#open(one.account, one.day, mono_ms);
      slot.take(one);
      this.#touched(slot);
    }
  }

  /** Nothing more is admitted from credit of these accounts; what is not held goes back, and each slot is told of. */
  close(accounts: Iterable<string>): void {
    for (const account of accounts) for (const slot of this.#slots.get(account) ?? []) this.#close(slot);
  }

  closeAll(): void {
    for (const slot of this.slots()) this.#close(slot);
  }

  /**
   * Credit of other days than today, and credit that nobody has used for long, goes back. What was used is forgotten once it
   * was not looked at for longer than a day is charged: by the monotone clock, since a wall clock that jumps would take it from the day.
   */
  tidy(today: number, idle_since_mono_ms: number, mono_ms: number): void {
    for (const slot of [...this.slots()]) {
      slot.seen(mono_ms);
      const is_idle = isNothing(slot.held) && slot.active_mono_ms <= idle_since_mono_ms;
      if (slot.is_open && (slot.day !== today || is_idle)) this.#close(slot);
      if (!slot.is_empty || slot.is_dirty) continue;
      if (mono_ms - slot.active_mono_ms > KEPT_MS || (is_idle && isNothing(slot.used))) this.#forget(slot);
    }
  }

  /** What has to be told at once: of closed accounts, and of budgets that run low. With `all` everything that has changed. */
  syncs(all: boolean): SlotSync[] {
    if (all) for (const slot of this.#dirty) this.#urgent.add(slot);
    const syncs: SlotSync[] = [];
    for (const slot of this.#urgent) {
      if (syncs.length === ENTRIES_MAX) break;
      this.#urgent.delete(slot);
      // A call may have taken what had come for it.
      if (!all && !slot.is_urgent) continue;
      this.#dirty.delete(slot);
      syncs.push(slot.sync());
    }
    return syncs;
  }

  get is_urgent(): boolean {
    return this.#urgent.size > 0;
  }

  get has_changed(): boolean {
    return this.#dirty.size > 0 || this.#urgent.size > 0;
  }

  /** A link begins: all slots, without any credit but what is held. */
  restart(): SlotState[] {
    this.#dirty.clear();
    this.#urgent.clear();
    return Array.from(this.slots(), (slot) => slot.restart());
  }

  /**
   * Other limits are in force. What calls hold of accounts that had none before is counted from now on; what they used before there
   * was a budget is in `used`.
   */
  setLimits<T>(
    limitsOf: LimitsOf,
    running: Iterable<CreditTicket<T>>,
    mono_ms: number,
    used: readonly DayTotal[],
  ): void {
    for (const one of used) {
      const slot = this.#open(one.account, one.day, mono_ms);
      if (slot.has_budget) continue;
      slot.used = one.used;
      // Its credit was given without a budget in mind.
      if (slot.is_open) slot.close();
    }
    this.#limitsOf = limitsOf;
    const held = new Map<WorkerSlot, Map<Qos, Amounts>>();
    for (const { key, held: parts } of running) {
      for (const { accounts, amounts, day, is_open } of parts) {
        if (!is_open) continue;
        for (const account of accounts) {
          if (!this.isLimited(account)) continue;
          const slot = this.#open(account, day, mono_ms);
          const tiers = held.get(slot) ?? new Map<Qos, Amounts>();
          tiers.set(key.qos, plus(tiers.get(key.qos) ?? NOTHING, amounts));
          held.set(slot, tiers);
        }
      }
    }
    for (const slot of this.slots()) {
      slot.recount(limitedBy(limitsOf(slot.account) ?? NO_LIMITS), held.get(slot) ?? new Map());
      this.#touched(slot);
    }
  }

  #close(slot: WorkerSlot): void {
    slot.close();
    this.#touched(slot);
  }

  /** The slot of an account that is limited. */
  #limited(account: string, day: number, mono_ms: number): WorkerSlot | undefined {
    const slot = this.find(account, day);
    if (slot !== undefined) return slot.is_limited ? slot : undefined;
    return this.isLimited(account) ? this.#open(account, day, mono_ms) : undefined;
  }

  #open(account: string, day: number, mono_ms: number): WorkerSlot {
    const known = this.find(account, day);
    if (known !== undefined) return known;
    const slot = new WorkerSlot(account, day, limitedBy(this.#limitsOf(account) ?? NO_LIMITS), mono_ms);
    this.#slots.set(account, [...(this.#slots.get(account) ?? []), slot]);
    this.#size += 1;
    return slot;
  }

  #forget(slot: WorkerSlot): void {
    const left = (this.#slots.get(slot.account) ?? []).filter((one) => one !== slot);
    if (left.length === 0) this.#slots.delete(slot.account);
    else this.#slots.set(slot.account, left);
    this.#size -= 1;
  }

  #touched(slot: WorkerSlot): void {
    if (slot.is_urgent) this.#urgent.add(slot);
    if (slot.is_dirty) this.#dirty.add(slot);
  }
}

function isLess({ calls, tokens, usd_nanos }: Amounts): boolean {
  return calls < 0 || tokens < 0 || usd_nanos < 0;
}
