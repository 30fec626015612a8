import { type AccountBook, isBelow, type Demand } from './records.ts';
import type { QueueBook } from './queue-book.ts';
import { excess, isRight, Room, walk } from './stop-rules.ts';
import type { Watch } from './watch.ts';
import { wantedBy } from './wanted-book.ts';

/** What is granted and may be stopped, and who was. */
export class StopBook {
  readonly #watch: Watch;
  readonly #queues: QueueBook;
  /** Granted, oldest first. */
  readonly running: Set<Demand> = new Set();
  /** Step in which somebody was told to stop at an account. */
  readonly #stopping_at: Map<AccountBook, number> = new Map();

  constructor(queues: QueueBook, watch: Watch) {
    this.#queues = queues;
    this.#watch = watch;
  }

  granted(demand: Demand): void {
    for (const part of demand.parts) {
      if (part.kind !== 'reserve') continue;
      this.running.add(demand);
      if (!demand.wish.is_preemptible) continue;
      for (const book of part.accounts) if (book.has_shares) demand.stoppable |= 1 << book.at;
    }
  }

  /** Who was told to stop in this step, in that order: nothing is granted after that. */
  judge(stopped: readonly Demand[]): void {
    for (let from = 0; from < stopped.length; ) {
      const id = stopped[from]?.ticket?.stopped_at ?? '';
      let to = from;
      while (stopped[to]?.ticket?.stopped_at === id) to += 1;
      this.#judgeAt(this.#queues.find(id), stopped.slice(from, to));
      if (to === from) return;
      from = to;
    }
  }

  #judgeAt(book: AccountBook, victims: readonly Demand[]): void {
    const heads = isBelow(book, 'gold') ? this.#queues.heads(book) : [];
    const wanted = wantedBy(book);
    const right: string[] = [];
    const is_right = heads.some((head) =>
      [...this.#orders()].some((order) => {
        const room = new Room(book, this.running, head);
        if (wanted.is_exact) {
          right.push(numbersOf(walk(room, order, excess(room, wanted.most))));
          return right.at(-1) === numbersOf(victims);
        }
        return isRight(victims, room, order, excess(room, wanted.most));
      }),
    );
    if (!is_right) {
      const others = right.length === 0 ? '' : `, and not ${right.join(' or ')}`;
      this.#watch.broken(`at ${book.id} ${numbersOf(victims)} were stopped${others}`);
    }
    for (const victim of victims) victim.stopped_at = book;
    this.#stopping_at.set(book, this.#watch.step);
  }

  /**
   * Afterwards nobody is left who should stop for gold that is the first; nor for others behind it, where somebody has just come and nobody was
   * stopped: what bronze keeps may be asked of it once silver has given what was short too, but that is not gone over twice in one step. Where
   * others come to fit because of another account, they are not asked after until something happens here.
   */
  judgeLeft(): void {
    for (const book of this.#queues.withLine()) {
      if (book.shares.gold === 0 || book.life === undefined || !isBelow(book, 'gold')) continue;
      const heads = this.#queues.heads(book);
      const has_news = this.#stopping_at.get(book) !== this.#watch.step && this.#queues.gold_came.has(book);
      const wanted = wantedBy(book);
      // Which of several is the first nobody knows here.
      const left = heads.map((head) => {
        if (head.rank !== 0 || head.partAt(book)?.kind !== 'reserve') return [];
        const room = new Room(book, this.running, head);
        const more = excess(room, has_news && wanted.is_exact ? wanted.most : [0, 0, 0]);
        const all = walk(room, this.running, more);
        return all.length > 0 && [...this.#orders()].every((order) => walk(room, order, more).length > 0) ? all : [];
      });
      if (left.every((all) => all.length > 0))
        this.#watch.broken(`at ${book.id} ${left.map(numbersOf).join(' or ')} are not stopped for gold that waits`);
    }
  }

  /** What is granted, oldest first: where in its step a newcomer was granted nobody knows. */
  *#orders(): Generator<readonly Demand[]> {
    const all = [...this.running];
    yield all;
    for (const [at, demand] of all.entries()) {
      if (!demand.is_newcomer) continue;
      for (let to = at - 1; all[to]?.granted_at === demand.granted_at; to -= 1)
        yield all.toSpliced(at, 1).toSpliced(to, 0, demand);
    }
  }
}

function numbersOf(demands: readonly Demand[]): string {
  return demands.length === 0 ? 'nobody' : demands.map(({ number }) => number).join(', ');
}
