import type { SuccessSeries } from '@atp-router/adapters';
import type { LearnedStore, RouteFeedback, RouterEvent } from '@atp-router/ledger';
import { isJudge, isMoreRight, sourcesOf } from '@atp-router/routing';

/** Calls of which the words are remembered here; of more the oldest are looked up in the tables. */
const CALLS_MAX = 4_096;
/** Words of one call that are remembered. */
const WORDS_MAX = 16;

type Word = Pick<RouteFeedback, 'by' | 'key_id' | 'right' | 'at_ms'>;

export interface WordsParts {
  readonly store: Pick<LearnedStore, 'words'>;
  readonly series: Pick<SuccessSeries, 'agreed'>;
  /** Whether anybody judges, so that there is something to compare. */
  readonly is_judged: () => boolean;
  readonly onProblem: (error: unknown) => void;
}

/**
 * Words on calls, of this process at once and of others when they are in the tables; counts where a judge and somebody else have
 * said something of the same answer. It is counted where the later of both is said, so once.
 */
export class Words {
  readonly #parts: WordsParts;
  /** The oldest word of each first. */
  readonly #here: Map<string, readonly Word[]> = new Map();

  constructor(parts: WordsParts) {
    this.#parts = parts;
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type !== 'route.feedback' || !this.#parts.is_judged()) return;
    const { call_id, by, key_id, right, at_ms } = event;
    const word = { by, key_id, right, at_ms };
    const before = this.#here.get(call_id) ?? [];
    this.#keep(call_id, [...before, word]);
    // What rules and guesses say is said in the process that had the answer, as what the judge says is.
    if (by !== undefined && !isJudge(by)) this.#count(word, before);
    else void this.#all(call_id, before).then((all) => this.#count(word, all));
  }

  /** Whether a person has said something of a call. */
  async hasPerson(call_id: string): Promise<boolean> {
    return (await this.#all(call_id, this.#here.get(call_id) ?? [])).some(({ by }) => by === undefined);
  }

  #keep(call_id: string, words: readonly Word[]): void {
    this.#here.delete(call_id);
    this.#here.set(call_id, words.slice(-WORDS_MAX));
    for (const [oldest] of this.#here) {
      if (this.#here.size <= CALLS_MAX) break;
      this.#here.delete(oldest);
    }
  }

  #count(word: Word, others: readonly Word[]): void {
    for (const other of others) {
      if (other.at_ms > word.at_ms || isJudge(word.by) === isJudge(other.by)) continue;
      const [judge, said] = isJudge(word.by) ? [word, other] : [other, word];
      for (const source of sourcesOf(said.by))
        this.#parts.series.agreed(source, isMoreRight(judge.right), isMoreRight(said.right));
    }
  }

  /** These, and those that only the tables have. */
  async #all(call_id: string, here: readonly Word[]): Promise<readonly Word[]> {
    try {
      const known = new Set((this.#here.get(call_id) ?? []).map(nameOf));
      const others = (await this.#parts.store.words(call_id)).filter((one) => !known.has(nameOf(one)));
      return [...here, ...others];
    } catch (error) {
      this.#parts.onProblem(error);
      return here;
    }
  }
}

function nameOf({ by, key_id }: Word): string {
  return `${key_id} ${by ?? ''}`;
}
