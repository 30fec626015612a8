import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, type Denial, NOTHING } from '../amounts.ts';
import { dayNumber, dayStart_ms } from '../days.ts';
import type { Changes, Now, QueueSigns } from '../scheduler/changes.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Ticket } from '../scheduler/ticket.ts';
import type { Contention, Tell } from './contention.ts';
import type { Credit, DenyReason, Ended, SlotState, SlotSync, Want } from './messages.ts';
import type { CreditOptions } from './options.ts';
import type { OwnerSlot } from './owner-slot.ts';
import { DAYS_NEAR, isNear, SLOTS_OF_A_WORKER } from './owner-bounds.ts';
import { demandOf, endsOf, letGo } from './owner-demand.ts';
import type { Asked, OwnerWorker } from './owner-worker.ts';
import { accountsOn, standingsOf } from './owner-standing.ts';
import { isNothing, plus, times } from './sums.ts';
import { callsWithin, chunkAt, refill } from './top-up.ts';

/** What a want takes at one account. */
interface Entry {
  readonly slot: OwnerSlot;
  readonly amounts: Amounts;
}

interface Growing {
  readonly asked: Asked;
  readonly until_mono_ms: number;
}

/** Decides what workers ask for: the owner without its links and leases. */
export class OwnerDesk {
  readonly #ledger: AccountLedger;
  readonly #scheduler: Scheduler<Asked>;
  readonly #contention: Contention;
  readonly #options: CreditOptions;
  readonly #tell: Tell;
  readonly #note: (signs: QueueSigns) => void;
  /** Workers that are alive. */
  workers = 1;
  /** Nothing is given: others may hold what this owner has not heard of. */
  is_frozen = false;
  #growing: Growing[] = [];
  /** Accounts at which something has come back. */
  readonly #wake: Set<string> = new Set();

  constructor(
    ledger: AccountLedger,
    scheduler: Scheduler<Asked>,
    contention: Contention,
    options: CreditOptions,
    tell: Tell,
    note: (signs: QueueSigns) => void,
  ) {
    this.#ledger = ledger;
    this.#scheduler = scheduler;
    this.#contention = contention;
    this.#options = options;
    this.#tell = tell;
    this.#note = note;
  }

  get due_mono_ms(): number {
    return this.#growing.reduce((due, { until_mono_ms }) => Math.min(due, until_mono_ms), Number.POSITIVE_INFINITY);
  }

  /** `late_ms`: how long ago it was heard of. */
  ask(asked: Asked, late_ms: number, now: Now): void {
    const { by, want } = asked;
    const accounts = want.parts.reduce((sum, part) => sum + part.accounts.length, 0);
    if (by.slot_count + accounts > SLOTS_OF_A_WORKER * this.#options.slots) this.deny(asked, 'shed', undefined, now);
    else if (want.parts.some(({ day }) => day !== null && !isNear(day, 1, now)))
      this.deny(asked, 'denied', undefined, now);
    else if (want.kind === 'grow') {
      if (this.#grow(asked, now, this.#growing.length >= this.#options.growing)) return;
      this.#growing.push({ asked, until_mono_ms: now.mono_ms + this.#options.grace_ms });
    } else {
      const demand = demandOf(asked, this.#ledger, late_ms, this.#graceOf, now);
      const { ticket, changes } = this.#scheduler.request(demand, now);
      this.#decided(ticket, now);
      this.took(changes, now);
    }
  }

  cancel(by: OwnerWorker, id: number, now: Now): void {
    this.#growing = this.#growing.filter(({ asked }) => asked.by !== by || asked.want.id !== id);
    // It was granted meanwhile: the worker has the credit, and its tenant no service.
    const granted = by.granted.get(id);
    if (granted !== undefined) this.ended(by, endsOf(granted, 0), now);
    const ticket = by.waiting.get(id);
    if (ticket === undefined) return;
    by.waiting.delete(id);
    this.took(this.#scheduler.cancel(ticket, now), now);
    letGo(ticket, this.#ledger);
  }

  ended(by: OwnerWorker, ends: readonly Ended[], now: Now): void {
    for (const { id, part, tokens } of ends) {
      const ticket = by.granted.get(id);
      if (ticket !== undefined && this.#conclude(ticket, part, tokens, now)) by.granted.delete(id);
    }
  }

  /** Returns whether all of it has ended. */
  #conclude(ticket: Ticket<Asked>, part: number, tokens: number, now: Now): boolean {
    const { state } = ticket;
    if (state.kind !== 'granted' || state.reservations[part]?.state !== 'open') return false;
    this.took(this.#scheduler.conclude(ticket, part, tokens, now), now);
    return state.open === 0;
  }

  /** It is not known what its calls do: they are charged what was expected of them. Those in `keep` go on waiting. */
  release(by: OwnerWorker, keep: ReadonlySet<number>, now: Now): void {
    // While these end, others of it may be granted.
    const granted = [...by.granted.values()];
    by.granted.clear();
    for (const ticket of granted)
      for (const { part, tokens } of endsOf(ticket, undefined)) this.#conclude(ticket, part, tokens, now);
    for (const id of [...by.waiting.keys()]) if (!keep.has(id)) this.cancel(by, id, now);
    for (const id of [...by.granted.keys()]) if (!keep.has(id)) this.cancel(by, id, now);
    this.#growing = this.#growing.filter(({ asked }) => asked.by !== by);
  }

  sync(by: OwnerWorker, syncs: readonly SlotSync[], heard: number, now: Now): void {
    const credit: Credit[] = [];
    for (const { account, day, used, held, by: change, is_open, wants } of syncs) {
      if (by.peek(account, day) === undefined && !isNear(day, DAYS_NEAR, now)) continue;
      const slot = this.#slot(by, account, day);
      slot.changed(change, held, heard);
      slot.tell(used);
      if (!is_open) slot.closed(heard);
      this.#wake.add(account);
      if (slot.is_over && isNothing(slot.known)) {
        this.#drop(by, slot);
        continue;
      }
      if (this.is_frozen || !slot.is_open || isNothing(wants) || !this.#contention.isCalm(account)) continue;
      const amounts = refill(chunkAt(this.#ledger, account, now.now_ms, this.workers), wants);
      if (isNothing(amounts)) continue;
      slot.give(amounts);
      slot.open(true, by.next_seq);
      credit.push({ account, day, amounts, is_open: true });
    }
    const standings = standingsOf(this.#ledger, by, syncs);
    if (credit.length + standings.length > 0) this.#tell(by, { type: 'credit', credit, standings });
  }

  /** All that it has is what its calls hold. */
  restart(by: OwnerWorker, states: readonly SlotState[]): void {
    const named = new Set<OwnerSlot>();
    for (const { account, day, used, held } of states) {
      const slot = this.#slot(by, account, day);
      named.add(slot);
      slot.restart(held);
      slot.tell(used);
    }
    for (const slot of by.slots()) {
      if (!named.has(slot)) {
        slot.restart({});
        // A worker keeps what it used for a day longer than anybody asks: of what it does not name it used nothing.
        slot.tell(NOTHING);
        this.#drop(by, slot);
      }
      this.#wake.add(slot.account);
    }
  }

  /** Something has come back there. */
  wake(account: string): void {
    this.#wake.add(account);
  }

  /** After each input: whoever fits now is granted. */
  run(now: Now): void {
    for (const account of this.#wake) {
      this.#wake.delete(account);
      this.#contention.touch(account);
      this.took(this.#scheduler.wake(account, now), now);
    }
    this.#growing = this.#growing.filter(
      ({ asked, until_mono_ms }) => !this.#grow(asked, now, until_mono_ms <= now.mono_ms),
    );
  }

  took({ decided, marks, starving }: Changes<Asked>, now: Now): void {
    if (marks.length + starving.length > 0) this.#note({ marks, starving });
    for (const ticket of decided) this.#decided(ticket, now);
  }

  #decided(ticket: Ticket<Asked>, now: Now): void {
    const { state, owner } = ticket;
    const { by, want } = owner;
    if (state.kind === 'waiting') {
      by.waiting.set(want.id, ticket);
      this.#contention.heat(state.account);
      return;
    }
    by.waiting.delete(want.id);
    if (state.kind === 'granted') this.#granted(ticket, now);
    else if (state.kind === 'failed') this.deny(owner, 'failed', undefined, now);
    else if ('denial' in state) this.deny(owner, state.kind, state.denial, now);
    letGo(ticket, this.#ledger);
  }

  /** What the queue's reservations hold becomes the worker's credit; the ticket stays for what its tenant is charged. */
  #granted(ticket: Ticket<Asked>, now: Now): void {
    const { state, owner } = ticket;
    if (state.kind !== 'granted') return;
    const { by, want } = owner;
    if (by.state === 'lapsed') {
      letGo(ticket, this.#ledger);
      for (const [part, { kind }] of ticket.parts.entries())
        if (kind === 'reserve') this.took(this.#scheduler.release(ticket, part, now), now);
      return;
    }
    by.granted.set(want.id, ticket);
    const day = state.reservations[0]?.day ?? dayNumber(now.now_ms);
    for (const reservation of state.reservations) this.#ledger.adjust(reservation, NOTHING);
    const entries = this.#entriesOf(by, want, day);
    for (const { slot, amounts } of entries) {
      slot.grant(want.key.qos, amounts, by.next_seq);
      this.#contention.touch(slot.account);
    }
    const calls = entries.map(({ slot, amounts }) => this.#spareCalls(slot, amounts, now));
    // Who asks again before it has heard of the last top-up may need no other.
    const is_due = entries.every(({ slot }) => slot.topped_seq <= by.seen);
    const more = is_due ? Math.min(this.#options.burst, ...calls) : 0;
    const credit = entries.map(({ slot, amounts }, i): Credit => {
      const extra = times(amounts, more);
      slot.topUp(extra, by.next_seq);
      slot.open((calls[i] ?? 0) > 0, by.next_seq);
      return { account: slot.account, day: slot.day, amounts: plus(amounts, extra), is_open: slot.is_open };
    });
    this.#tell(by, { type: 'grant', id: want.id, day, credit, standings: standingsOf(this.#ledger, by, credit) });
  }

  /** Further calls of this size for which there is plenty at an account. */
  #spareCalls(slot: OwnerSlot, amounts: Amounts, now: Now): number {
    if (!this.#contention.isCalm(slot.account)) return 0;
    const chunk = chunkAt(this.#ledger, slot.account, now.now_ms, this.workers);
    return callsWithin(chunk, amounts, this.#options.burst);
  }

  /** True when it is decided. A call that runs goes before those who wait. */
  #grow(asked: Asked, now: Now, is_late: boolean): boolean {
    const { by, want } = asked;
    const [part] = want.parts;
    const day = part?.day ?? dayNumber(now.now_ms);
    if (part === undefined) return true;
    const result = this.#ledger.reserve(part.accounts, part.amounts, dayStart_ms(day), want.key.qos);
    if (!result.ok) {
      const is_recallable = part.accounts.some((account) => this.#contention.isRecallable(account));
      if (!is_late && result.waitable && is_recallable) {
        for (const account of part.accounts) this.#contention.press(account);
        return false;
      }
      this.deny(asked, 'denied', result, now);
      return true;
    }
    this.#ledger.release(result.reservation);
    const credit = this.#entriesOf(by, want, day).map(({ slot, amounts }): Credit => {
      slot.grant(want.key.qos, amounts, by.next_seq);
      slot.open(slot.is_open, by.next_seq);
      return { account: slot.account, day, amounts, is_open: slot.is_open };
    });
    this.#tell(by, { type: 'grant', id: want.id, day, credit, standings: standingsOf(this.#ledger, by, credit) });
    return true;
  }

  #entriesOf(by: OwnerWorker, { parts }: Want, today: number): readonly Entry[] {
    const entries = new Map<OwnerSlot, Amounts>();
    for (const { accounts, amounts, day } of parts) {
      for (const account of accounts) {
        // Of others the worker needs no credit.
        if (this.#ledger.limitsOf(account) === undefined) continue;
        const slot = this.#slot(by, account, day ?? today);
        entries.set(slot, plus(entries.get(slot) ?? NOTHING, amounts));
      }
    }
    return [...entries].map(([slot, amounts]) => ({ slot, amounts }));
  }

  #slot(by: OwnerWorker, account: string, day: number): OwnerSlot {
    return by.slot(account, day, (slot) => this.#contention.add(slot, by));
  }

  #drop(by: OwnerWorker, slot: OwnerSlot): void {
    by.drop(slot);
    this.#contention.remove(slot);
  }

  /** Who does not wait waits for a recall all the same, where that would bring something back. */
  readonly #graceOf = (accounts: readonly string[]): number =>
    accounts.some((account) => this.#contention.isRecallable(account)) ? this.#options.grace_ms : 0;

  deny({ by, want }: Asked, reason: DenyReason, denial: Denial | undefined, now: Now): void {
    const wait_ms = denial && this.#scheduler.wait_ms(denial.account, want.key.qos, now);
    const retry_ms = wait_ms ?? denial?.retry_after_ms ?? null;
    const standings = standingsOf(this.#ledger, by, accountsOn(want, dayNumber(now.now_ms)));
    this.#tell(by, { type: 'deny', id: want.id, reason, denial: denial ?? null, retry_ms, standings });
  }
}
