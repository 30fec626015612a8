import type { AccountBook, Demand } from './records.ts';
import type { Setting } from './plan.ts';
import { isStillThere, name, type QueueBook } from './queue-book.ts';
import type { Watch } from './watch.ts';

/** Judges who had to leave a full queue, and who was not let in. */
export class ShedBook {
  readonly #queues: QueueBook;
  readonly #setting: Setting;
  readonly #watch: Watch;

  constructor(queues: QueueBook, setting: Setting, watch: Watch) {
    this.#queues = queues;
    this.#setting = setting;
    this.#watch = watch;
  }

  /**
   * Somebody was refused because too many wait. `comers` are those who came into a queue, or might have, in this step; `newcomer`: it is
   * the only one, and nothing else has happened.
   */
  judge(demand: Demand, comers: readonly Demand[], newcomer: Demand | undefined): void {
    const state = demand.ticket?.state;
    const book = this.#queues.find(state?.kind === 'shed' ? state.denial.account : '');
    const all = comers.filter((other) => other !== demand);
    const here = all.filter(
      (other) => other.partAt(book) !== undefined && (other.at !== book || !isStillThere(other, book)),
    );
    const too_many = this.#queues.waiting.size >= this.#setting.waiting;
    const came = too_many ? all : here;
    if (!too_many && !this.#isFull(book, here.length))
      this.#watch.broken(`${name(demand)} was shed at ${book.id}, where there is room`);
    // Else it came from another queue, perhaps back from one.
    const was_there = demand.at === book && demand.ticket?.passed.includes(book.id) !== true;
    if (newcomer !== undefined) {
      const state_of = newcomer.ticket?.state;
      const own = newcomer === demand ? book : this.#queues.find(state_of?.kind === 'waiting' ? state_of.account : '');
      if (own === undefined || this.#isFull(own, 0)) this.#judgeExactly(demand, book, newcomer);
      else this.#judgeOfAll(demand, newcomer);
    } else if (was_there) this.#judgeVictim(demand, book, came);
    else this.#judgeRefusal(demand, book, here);
  }

  /** With those who came in the present step before. */
  #isFull({ line, max_waiting }: AccountBook, came: number): boolean {
    const most = max_waiting ?? this.#setting.waiting_per_account;
    return line.length + came >= most;
  }

  /** Too many wait in all: one leaves of the queue in which most of the worst tier wait. */
  #judgeOfAll(demand: Demand, newcomer: Demand): void {
    const lines = this.#queues.withLine().map(({ line }) => line);
    const worst = Math.max(newcomer.rank, ...lines.flat().map(({ rank }) => rank));
    const tiers = lines.map((line) => line.filter(({ rank }) => rank === worst));
    const fullest = Math.max(...tiers.map(({ length }) => length));
    const than = worst > newcomer.rank ? 0 : countOf(lines.flat(), newcomer.wish.tenant) + 1;
    // Of two that are as full nobody knows.
    const right = tiers
      .filter(({ length }) => length === fullest)
      .flatMap((tier) => {
        const crowd = lastOfCrowd(tier, than);
        return crowd.length > 0 ? crowd : [newcomer];
      });
    if (!right.includes(demand))
      this.#watch.broken(`${name(demand)} was shed where too many wait, and not ${right.map(name).join(' or ')}`);
  }

  #judgeExactly(demand: Demand, book: AccountBook, newcomer: Demand): void {
    const worst = Math.max(newcomer.rank, ...book.line.map(({ rank }) => rank));
    const tier = book.line.filter(({ rank }) => rank === worst);
    const than = worst > newcomer.rank ? 0 : countOf(tier, newcomer.wish.tenant) + 1;
    const crowd = lastOfCrowd(tier, than);
    const right = crowd.length > 0 ? crowd : [newcomer];
    if (!right.includes(demand))
      this.#watch.broken(`${name(demand)} was shed at ${book.id}, and not ${right.map(name).join(' or ')}`);
  }

  /** Much happened in this step: what is known is who was there all the time, and who might have been at most. */
  #judgeVictim(demand: Demand, book: AccountBook, came: readonly Demand[]): void {
    const here = book.line.filter((other) => other !== demand && isStillThere(other, book));
    if (here.some((other) => other.rank > demand.rank))
      this.#watch.broken(`${name(demand)} was shed at ${book.id} before a worse tier`);
    const tier = here.filter((other) => other.rank === demand.rank);
    const { tenant } = demand.wish;
    if (tier.some((other) => other.wish.tenant === tenant && other.lined_at > demand.lined_at))
      this.#watch.broken(`${name(demand)} was shed at ${book.id} before one who came later`);
    const at_most = mostOf(demand, book, came);
    if (tier.some(({ wish }) => countOf(tier, wish.tenant) > at_most))
      this.#watch.broken(`${name(demand)} was shed at ${book.id} before a tenant that has more waiting`);
    const has_reason = came.some(
      (other) =>
        other.rank < demand.rank || (other.rank === demand.rank && at_most > countOf(tier, other.wish.tenant) + 1),
    );
    if (!has_reason) this.#watch.broken(`${name(demand)} was shed at ${book.id} for nobody better`);
  }

  #judgeRefusal(demand: Demand, book: AccountBook, came: readonly Demand[]): void {
    const here = book.line.filter((other) => other !== demand && isStillThere(other, book));
    if (here.some((other) => other.rank > demand.rank))
      this.#watch.broken(`${name(demand)} may not join ${book.id}, where somebody of a worse tier waits`);
    const tier = here.filter((other) => other.rank === demand.rank);
    // Where too many wait in all, all that its own tenant has waiting counts.
    if (!this.#isFull(book, came.length)) return;
    const at_most = mostOf(demand, book, came);
    if (tier.some(({ wish }) => countOf(tier, wish.tenant) > at_most + 1))
      this.#watch.broken(`${name(demand)} may not join ${book.id}, where another tenant has more waiting`);
  }
}

/** Who came last of the tenant that has most, when that is more than `than`. Of two who came in the same step nobody knows. */
function lastOfCrowd(tier: readonly Demand[], than: number): readonly Demand[] {
  const most = Math.max(0, ...tier.map(({ wish }) => countOf(tier, wish.tenant)));
  const crowd = most > than ? tier.filter(({ wish }) => countOf(tier, wish.tenant) === most) : [];
  const last_at = Math.max(...crowd.map(({ lined_at }) => lined_at));
  return crowd.filter(({ lined_at }) => lined_at === last_at);
}

function countOf(demands: readonly Demand[], tenant: number): number {
  return demands.filter(({ wish }) => wish.tenant === tenant).length;
}

/** Demands of its tenant and tier that waited there at some time of this step at most. */
function mostOf({ rank, wish: { tenant } }: Demand, { line }: AccountBook, came: readonly Demand[]): number {
  const all = new Set([...line, ...came]);
  return countOf(
    [...all].filter((other) => other.rank === rank),
    tenant,
  );
}
