import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import { type AccountBook, isBelow, type Demand } from './records.ts';
import type { LedgerBook } from './ledger-book.ts';
import type { Setting } from './plan.ts';
import type { Watch } from './watch.ts';

/** Who waits where. Judges order, bounds, and that nobody waits for what is there. */
export class QueueBook {
  readonly waiting: Set<Demand> = new Set();
  /** Where gold has lined up since the last input: one event may be several. */
  readonly gold_came: Set<AccountBook> = new Set();
  readonly #ledger: LedgerBook;
  readonly #setting: Setting;
  readonly #watch: Watch;
  readonly #byId: ReadonlyMap<string, AccountBook>;

  constructor(ledger: LedgerBook, setting: Setting, watch: Watch) {
    this.#ledger = ledger;
    this.#setting = setting;
    this.#watch = watch;
    this.#byId = new Map(ledger.accounts.map((book) => [book.id, book]));
  }

  find(id: string): AccountBook {
    return this.#byId.get(id) as AccountBook;
  }

  withLine(): readonly AccountBook[] {
    return this.#ledger.accounts.filter(({ line }) => line.length > 0);
  }

  hasLine(demand: Demand): boolean {
    return demand.linesAt.some(({ line }) => line.length > 0);
  }

  /** Before a step's grants are booked: whose tier has less than its part where others wait. */
  note(demand: Demand): void {
    demand.below = 0;
    for (const book of orderedAt(demand))
      if (book.line.length > 0 && isBelow(book, demand.wish.qos)) demand.below |= 1 << book.at;
  }

  /** After them: nobody who was there before and goes first is there still. */
  judgeGrant(demand: Demand): void {
    for (const book of orderedAt(demand)) {
      if (book.line.length === 0 || demand.passed.has(book)) continue;
      for (const other of book.line) {
        if (this.#goesFirst(other, demand, book) && isStillThere(other, book))
          this.#watch.broken(`${name(demand)} slips past ${name(other)} at ${book.id}`);
      }
    }
  }

  #goesFirst(other: Demand, demand: Demand, book: AccountBook): boolean {
    if (other === demand) return false;
    if (other.rank === demand.rank) return isSameSession(other, demand) && comesBefore(other, demand);
    const was_below = (demand.below & (1 << book.at)) !== 0;
    const is_below = isBelow(book, other.wish.qos);
    return other.rank < demand.rank ? is_below || !was_below : is_below && !was_below;
  }

  /** Those who wait elsewhere than before. */
  moved(): readonly Demand[] {
    return [...this.waiting].filter((demand) => demand.at !== undefined && !isStillThere(demand, demand.at));
  }

  /** Brings the lines up to date after a step. */
  turn(asked: Demand | undefined, mono_ms: number): void {
    this.gold_came.clear();
    for (const book of this.#ledger.accounts) {
      book.line_before = book.line.length;
      if (book.line.some((demand) => demand.status !== 'waiting' || !isStillThere(demand, book)))
        book.line = book.line.filter((demand) => this.#stays(demand, book));
    }
    if (asked?.status === 'waiting') this.waiting.add(asked);
    for (const demand of this.waiting) {
      const state = demand.ticket?.state;
      if (demand.status !== 'waiting' || state?.kind !== 'waiting') this.waiting.delete(demand);
      else if (demand.at === undefined) this.#join(demand, this.find(state.account), mono_ms);
    }
    for (const book of this.#ledger.accounts) this.#judgeBound(book);
    if (this.waiting.size > this.#setting.waiting) this.#watch.broken(`${this.waiting.size} wait in all`);
  }

  #stays(demand: Demand, book: AccountBook): boolean {
    if (demand.status === 'waiting' && isStillThere(demand, book)) return true;
    demand.at = undefined;
    demand.passed.add(book);
    if (demand.status === 'waiting') this.#watch.counts.moved += 1;
    return false;
  }

  #join(demand: Demand, book: AccountBook, mono_ms: number): void {
    demand.at = book;
    demand.lined_at = this.#watch.step;
    demand.place = demand.ticket?.place;
    // Within one step it may have had its turn in several queues.
    for (const id of demand.ticket?.passed ?? []) {
      demand.passed.add(this.find(id));
      demand.waitsFor(this.find(id), mono_ms);
    }
    demand.passed.delete(book);
    demand.waitsFor(book, mono_ms);
    demand.until_ms = demand.patience(book, mono_ms);
    book.line.push(demand);
    if (demand.rank === 0) this.gold_came.add(book);
  }

  /** It waits on where it does, for something else. */
  replaced(demand: Demand, mono_ms: number): void {
    if (demand.at === undefined) return;
    demand.waitsFor(demand.at, mono_ms);
    demand.until_ms = demand.patience(demand.at, mono_ms);
  }

  #judgeBound({ id, line, line_before, max_waiting }: AccountBook): void {
    const most = Math.max(line_before, max_waiting ?? this.#setting.waiting_per_account);
    if (line.length > most) this.#watch.broken(`${line.length} wait at ${id}, and ${most} may`);
  }

  /** The first in each line does not fit, there or into the table of accounts; of those who wait for the table only the first need not. */
  judgeFree(): void {
    let is_table_full = false;
    let fit: AccountBook | undefined;
    for (const book of this.#ledger.accounts) {
      if (book.line.length === 0) continue;
      const heads = this.heads(book);
      // Whoever waits for the table keeps others from it, also where its account will have no room for it once it is in there.
      if (heads.some((demand) => waitsForTable(demand) && !this.#ledger.tableFits(demand))) is_table_full = true;
      if (heads.some((demand) => this.#ledger.fitsAt(demand, book) === false)) continue;
      if (heads.some((demand) => !this.#ledger.tableFits(demand))) is_table_full = true;
      else if (heads.some(waitsForTable)) fit = book;
      else this.#watch.broken(`${book.line.map(name)} wait at ${book.id} for what is there`);
    }
    if (fit !== undefined && !is_table_full)
      this.#watch.broken(`${fit.line.map(name)} wait for room in a table that has it`);
  }

  /** Those who may be the first: of the tier whose turn it is, the first of each session. */
  heads(book: AccountBook): readonly Demand[] {
    const qos = this.#turnOf(book);
    const tier = book.line.filter((demand) => demand.wish.qos === qos);
    return tier.filter((demand) => !tier.some((other) => isSameSession(other, demand) && comesBefore(other, demand)));
  }

  #turnOf(book: AccountBook): Qos | undefined {
    const waits = QOS_TIERS.filter((qos) => book.line.some((demand) => demand.wish.qos === qos));
    return waits.find((qos) => isBelow(book, qos)) ?? waits[0];
  }
}

export function isStillThere(demand: Demand, book: AccountBook): boolean {
  const { ticket } = demand;
  return ticket?.state.kind === 'waiting' && ticket.state.account === book.id && ticket.place === demand.place;
}

/** Where others may go before it: where it lines up, or waits. */
function orderedAt(demand: Demand): readonly AccountBook[] {
  const { linesAt, at } = demand;
  return at === undefined || linesAt.includes(at) ? linesAt : [...linesAt, at];
}

function isSameSession(a: Demand, b: Demand): boolean {
  return a.wish.tenant === b.wish.tenant && a.wish.session === b.wish.session;
}

function waitsForTable({ ticket }: Demand): boolean {
  return ticket?.state.kind === 'waiting' && ticket.state.denial.dimension === 'accounts';
}

/** Within a session by deadline, and then by arrival; of two who came in the same step nobody knows. */
function comesBefore(a: Demand, b: Demand): boolean {
  const by = a.wish.deadline_ms === b.wish.deadline_ms ? 0 : a.wish.deadline_ms - b.wish.deadline_ms;
  const came = b.at === undefined ? Number.POSITIVE_INFINITY : b.lined_at;
  return by < 0 || (by === 0 && a.lined_at < came);
}

export function name({ number, wish }: Demand): string {
  return `demand ${number} (${wish.qos}, tenant ${wish.tenant}, session ${wish.session})`;
}
