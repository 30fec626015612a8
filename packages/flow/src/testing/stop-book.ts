import { type AccountBook, isBelow, type Demand } from './records.ts';
import type { QueueBook } from './queue-book.ts';
import { isPossible, walk } from './stop-rules.ts';
import type { Watch } from './watch.ts';
import type { Sum } from './sums.ts';
import { wantedBy } from './wanted-book.ts';

const NOTHING: Readonly<Sum> = [0, 0, 0];

/** What is granted and may be stopped, and who was. */
export class StopBook {
  readonly #watch: Watch;
  readonly #queues: QueueBook;
  /** Granted, oldest first. */
  readonly running: Set<Demand> = new Set();

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
    const right: string[] = [];
    const is_right = heads.some((head) => {
      const { most, is_exact } = wantedBy(book, head);
      return [...this.#orders()].some((order) => {
        if (!is_exact) return isPossible(victims, book, order, head, most);
        right.push(numbersOf(walk(book, order, head, most)));
        return right.at(-1) === numbersOf(victims);
      });
    });
    if (!is_right) {
      const others = right.length === 0 ? '' : `, and not ${right.join(' or ')}`;
      this.#watch.broken(`at ${book.id} ${numbersOf(victims)} were stopped${others}`);
    }
    for (const victim of victims) victim.stopped_at = book;
  }

  /**
   * Afterwards nobody is left who should stop for gold that is the first; nor for others behind it, where somebody has just come. Where
   * others come to fit because of another account, they are not asked after until something happens here.
   */
  judgeLeft(): void {
    for (const book of this.#queues.withLine()) {
      if (book.shares.gold === 0 || book.life === undefined || !isBelow(book, 'gold')) continue;
      // Which of several is the first nobody knows here.
      const left = this.#queues.heads(book).map((head) => (head.rank === 0 ? this.#leftFor(book, head) : []));
      if (left.every((all) => all.length > 0))
        this.#watch.broken(`at ${book.id} ${left.map(numbersOf).join(' or ')} are not stopped for gold that waits`);
    }
  }

  /** Who should have been stopped for it, in whichever order they run. */
  #leftFor(book: AccountBook, head: Demand): readonly Demand[] {
    const { most, is_exact } = wantedBy(book, head);
    const wanted = is_exact && this.#queues.gold_came.has(book) ? most : NOTHING;
    const all = walk(book, this.running, head, wanted);
    return all.length > 0 && [...this.#orders()].every((order) => walk(book, order, head, wanted).length > 0)
      ? all
      : [];
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
