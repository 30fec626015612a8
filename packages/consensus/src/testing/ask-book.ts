import type { FollowUpAnswer } from '../strategy.ts';
import type { Broken } from './lane-book.ts';

/** Further questions of one session, as `docs/operations/consensus.md` has it: so many for each member, and a few for all. */
const ASKS_PER_MEMBER = 4;
const ASKS_FOR_ALL = 8;

export function asksMax(members: number): number {
  return ASKS_PER_MEMBER * members + ASKS_FOR_ALL;
}

/** What was asked beyond the fan-out, and the first that was said to it. */
export class AskBook {
  readonly #most: number;
  readonly #broken: Broken;
  /** By id: what was said; `open` while nobody has answered. */
  readonly #asked: Map<string, { readonly text: string | undefined } | 'open'> = new Map();

  constructor(members: number, broken: Broken) {
    this.#most = asksMax(members);
    this.#broken = broken;
  }

  get asked(): number {
    return this.#asked.size;
  }

  get is_used_up(): boolean {
    return this.#asked.size >= this.#most;
  }

  get open(): number {
    return [...this.#asked.values()].filter((one) => one === 'open').length;
  }

  asks(id: string): void {
    if (this.#asked.has(id)) this.#broken(`${id} is asked twice`);
    this.#asked.set(id, 'open');
    if (this.#asked.size > this.#most) this.#broken(`${this.#asked.size} are asked, of ${this.#most} that may be`);
  }

  hears(id: string, text: string | undefined): void {
    if (this.#asked.get(id) === 'open') this.#asked.set(id, { text });
  }

  stops(id: string): void {
    if (this.#asked.get(id) !== 'open') this.#broken(`${id} is stopped, and nobody is asked it`);
    this.#asked.set(id, { text: undefined });
  }

  ended(answers: readonly FollowUpAnswer[]): void {
    if (this.open > 0) this.#broken(`${this.open} are still asked after the end`);
    const ids = new Set(answers.map(({ id }) => id));
    if (ids.size < answers.length) this.#broken('what was said to a question counts twice');
    for (const { id, text } of answers) {
      const said = this.#asked.get(id);
      // One that was refused when time was up is none that anybody was asked.
      if (said === undefined && text === undefined) continue;
      if (said === undefined || said === 'open' || said.text !== text) this.#broken(`${id} has another answer`);
    }
  }
}
