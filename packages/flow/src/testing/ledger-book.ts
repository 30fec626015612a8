import { QOS_TIERS, type Qos } from '@atp-router/kernel';
import type { Account } from '../account.ts';
import type { AccountLedger } from '../account-ledger.ts';
import type { LimitsRule } from '../account-table.ts';
import { DayBook, Life } from './life.ts';
import { AccountBook, type Hold, type Demand, type GrowthPart, type PartRecord, type ReservedPart } from './records.ts';
import { ACCOUNT_IDS } from './accounts.ts';
import { DAY_MS } from './plan.ts';
import { addTo, DIMENSIONS, isSame, less, type Sum, sumOf } from './sums.ts';
import type { Watch } from './watch.ts';

/** Own sums of what every account holds and has used. It reads the ledger only to compare, and to see which accounts were dropped. */
export class LedgerBook {
  readonly accounts: readonly AccountBook[];
  readonly #ledger: AccountLedger;
  readonly #watch: Watch;
  readonly #days: DayBook[] = [];
  /** Days as the wall clock came to them. */
  readonly #visits: number[];
  #size = 0;

  constructor(ledger: AccountLedger, watch: Watch, wall_ms: number, ruleOf: LimitsRule) {
    this.#ledger = ledger;
    this.accounts = ACCOUNT_IDS.map((id, at) => new AccountBook(id, at, ruleOf(id)));
    this.#watch = watch;
    this.#visits = [Math.floor(wall_ms / DAY_MS)];
  }

  get today(): number {
    return this.#visits.at(-1) as number;
  }

  clock(wall_ms: number): boolean {
    const day = Math.floor(wall_ms / DAY_MS);
    if (day === this.today) return false;
    this.#visits.push(day);
    return true;
  }

  /** Sees which accounts came and went, and which days were forgotten. `grows`: one was given limits. */
  sync(grows = false): void {
    for (const book of this.accounts) {
      const account = this.#ledger.windows(book.id) as Account | undefined;
      if (account !== book.life?.account) this.#replaced(book, account);
      if (book.life !== undefined) this.#seeDay(book, book.life);
    }
    const { size, max_accounts } = this.#ledger;
    if (size > max_accounts && size > this.#size && !grows)
      this.#watch.broken('the table of accounts outgrows its bound');
    this.#size = size;
  }

  #replaced(book: AccountBook, account: Account | undefined): void {
    if (book.life !== undefined && !book.is_droppable) {
      this.#watch.broken(`${book.id} was dropped with ${book.open} reservations open`);
    }
    if (book.life !== undefined) this.#watch.counts.dropped += 1;
    book.life = account && new Life(account);
    book.ceiling = Number.POSITIVE_INFINITY;
    book.applyRule();
  }

  #seeDay(book: AccountBook, life: Life): void {
    const use = life.account.days.find(this.today);
    const known = life.days.get(this.today);
    if (known?.use === use) {
      if (known !== undefined) known.seen_at = this.#visits.length;
      return;
    }
    if (known !== undefined && !this.#mayForget(this.today, known.seen_at))
      this.#watch.broken(`${book.id} has forgotten day ${this.today}`);
    if (use === undefined) life.days.delete(this.today);
    else {
      const made = new DayBook(use, this.#visits.length);
      life.days.set(this.today, made);
      this.#days.push(made);
    }
  }

  /** Two days are kept: one may go when two others came after it, or one that shows that it was false. */
  #mayForget(day: number, seen_at: number): boolean {
    const others = this.#visits.slice(seen_at).filter((other) => other !== day);
    if (new Set(others).size >= 2) return true;
    return others.some((next) => this.#visits.some((old) => old !== day && Math.abs(old - next) < Math.abs(day - old)));
  }

  /** Whether all parts have room now; `undefined`: there is nothing any more that could grow. */
  fits(demand: Demand): boolean | undefined {
    for (const part of demand.parts) {
      if (part.kind === 'grow') {
        if (part.target.state !== 'open') return undefined;
        if (!this.#growthFits(part)) return false;
        continue;
      }
      for (const book of part.accounts) {
        if (!book.fits(part.amounts, book.life?.days.get(this.today))) return false;
      }
    }
    return this.tableFits(demand);
  }

  /** Whether one account alone would let it in; of the table when the account is not in it. */
  fitsAt(demand: Demand, book: AccountBook): boolean | undefined {
    const part = demand.partAt(book);
    if (part === undefined) return true;
    if (part.kind === 'grow') {
      if (part.target.state !== 'open') return undefined;
      const hold = part.target.holds.find((one) => one.book === book);
      return hold === undefined || book.fits(part.by, hold.day);
    }
    return book.fits(part.amounts, book.life?.days.get(this.today));
  }

  /** Whether the table has room for its accounts beside those that cannot be dropped. */
  tableFits(demand: Demand): boolean {
    let asked = 0;
    let is_known = true;
    for (const part of demand.parts) {
      if (part.kind !== 'reserve') continue;
      for (const { life } of part.accounts) {
        asked += 1;
        is_known &&= life !== undefined;
      }
    }
    if (is_known) return true;
    for (const book of this.accounts) {
      if (book.life === undefined || book.is_droppable) continue;
      if (!demand.parts.some((part) => part.kind === 'reserve' && part.accounts.includes(book))) asked += 1;
    }
    return asked <= this.#ledger.max_accounts;
  }

  #growthFits({ target, by }: GrowthPart): boolean {
    return target.holds.every(({ book, day }) => book.fits(by, day));
  }

  /** All parts of a demand are granted. */
  grant(demand: Demand): void {
    const { ticket } = demand;
    if (ticket?.state.kind !== 'granted') return;
    for (let i = 0; i < demand.parts.length; i += 1) {
      const part = demand.parts[i] as PartRecord;
      const reservation = ticket.state.reservations[i];
      if (part.kind === 'grow') {
        this.grow(part.target, part.by);
        continue;
      }
      part.reservation = reservation;
      part.state = 'open';
      part.rank = demand.rank;
      part.holds = part.accounts.map((book, k): Hold => {
        const life = book.life as Life;
        const day = life?.days.get(this.today) as DayBook;
        if (reservation?.uses[k] !== day?.use)
          this.#watch.broken(`${book.id}: a reservation of another day or account`);
        return { book, life, day };
      });
      for (const { book, day } of part.holds) {
        book.open += 1;
        book.hold(demand.rank, part.amounts, 1);
        addTo(day.held, part.amounts);
      }
    }
  }

  /** A part that is open holds so much more, or less. */
  grow(part: ReservedPart, by: Readonly<Sum>): void {
    for (const { book, day } of part.holds) {
      book.hold(part.rank, by, 1);
      addTo(day.held, by);
    }
    part.amounts = sumOf(part.amounts, by);
  }

  /** A part ends with what it used, or with nothing. */
  end(demand: Demand, part: ReservedPart, actual: Readonly<Sum>): void {
    if (part.state === 'open') this.#giveBack(demand, part, actual);
    else this.#debit(part, less(actual, part.amounts));
    part.state = 'over';
  }

  lapse(demand: Demand, part: ReservedPart): void {
    this.#giveBack(demand, part, part.amounts);
    part.state = 'lapsed';
  }

  #giveBack(demand: Demand, part: ReservedPart, actual: Readonly<Sum>): void {
    for (const { book, day } of part.holds) {
      book.hold(demand.rank, part.amounts, -1);
      addTo(day.held, part.amounts, -1);
      book.open -= 1;
    }
    this.#debit(part, actual);
    if (DIMENSIONS.some((i) => actual[i] > part.amounts[i])) for (const { life } of part.holds) life.is_clean = false;
    for (const { book } of part.holds) book.rest();
  }

  #debit({ holds }: ReservedPart, by: Readonly<Sum>): void {
    for (const { life, day } of holds) {
      addTo(day.used, by);
      addTo(life.settled, by);
      if (by.some((more) => more > 0)) life.is_clean = false;
    }
  }

  /** Every account of the ledger says what the books say. */
  judge(): void {
    for (const book of this.accounts) if (book.life !== undefined) this.#judgeAccount(book, book.life);
    for (const { use, used, held } of this.#days) {
      if (!isSame(used, use.calls, use.tokens, use.usd_nanos))
        this.#watch.broken(
          `${use.account.id}, day ${use.day}: used ${[use.calls, use.tokens, use.usd_nanos]}, not ${used}`,
        );
      if (!isSame(held, use.held_calls, use.held_tokens, use.held_usd_nanos))
        this.#watch.broken(`${use.account.id}, day ${use.day}: holds ${use.held_tokens} tokens, not ${held[1]}`);
    }
  }

  #judgeAccount(book: AccountBook, { account, settled }: Life): void {
    for (let rank = 0; rank < QOS_TIERS.length; rank += 1) {
      const qos = QOS_TIERS[rank] as Qos;
      const own = book.tiers[rank as 0];
      const tier = account.tier(qos);
      if (!isSame(own, tier.calls, tier.tokens, tier.usd_nanos))
        this.#watch.broken(`${book.id} has ${tier.calls} calls, ${tier.tokens} tokens of ${qos} out, not ${own}`);
    }
    const { out_calls, out_tokens, out_usd_nanos } = account;
    if (out_calls !== book.out(0) || out_tokens !== book.out(1) || out_usd_nanos !== book.out(2))
      this.#watch.broken(`${book.id} has ${out_calls} calls, ${out_tokens} tokens out, not ${book.out(1)}`);
    if (account.open !== book.open) this.#watch.broken(`${book.id} has ${account.open} open, not ${book.open}`);
    if (!isSame(settled, account.settled_calls, account.settled_tokens, account.settled_usd_nanos))
      this.#watch.broken(`${book.id} has settled ${account.settled_tokens} tokens, not ${settled[1]}`);
  }

  /** What the account shows of itself: its debt is explained, and is what the books have. */
  judgeSnapshots(wall_ms: number): void {
    for (const book of this.accounts) {
      const shown = this.#ledger.snapshot(book.id, wall_ms);
      if (shown === undefined || book.life === undefined) continue;
      const day = book.life.days.get(this.today);
      const debt = DIMENSIONS.map((i) => {
        const left = book.budgets[i] - (day === undefined ? 0 : day.used[i] + day.held[i]);
        return left < 0 ? -left : 0;
      });
      if (!isSame(debt as Sum, shown.debt.calls, shown.debt.tokens, shown.debt.usd_nanos))
        this.#watch.broken(`${book.id} shows a debt of ${shown.debt.tokens} tokens, not ${debt[1]}`);
      const { remaining } = shown;
      const least = Math.min(...Object.values(remaining).map((left) => left ?? 0));
      if (book.life.is_clean && least < 0) this.#watch.broken(`${book.id} is in debt, and nothing explains it`);
      for (const [i, left] of [remaining.window_calls, remaining.window_tokens, remaining.window_usd_nanos].entries()) {
        const own = book.windows[i as 0] - book.out(i as 0);
        if ((left ?? Number.POSITIVE_INFINITY) !== own) this.#watch.broken(`${book.id} has ${left} left, not ${own}`);
      }
    }
  }
}
