import type { FollowUp, FollowUpAnswer } from '../strategy.ts';

/** A strategy that asks on and on is ended: so many for each member, and a few for all. */
const ASKS_PER_MEMBER = 4;
const ASKS_FOR_ALL = 8;

/** What a strategy has asked of agents, and what they said. */
export class Asks {
  readonly #most: number;
  readonly #asked: Map<string, FollowUp> = new Map();
  readonly #pending: Set<string> = new Set();
  readonly #answers: FollowUpAnswer[] = [];
  #refused = 0;

  constructor(members: number) {
    this.#most = ASKS_PER_MEMBER * members + ASKS_FOR_ALL;
  }

  get answers(): readonly FollowUpAnswer[] {
    return this.#answers;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Those that were not asked before, as far as there may be more. */
  take(asks: readonly FollowUp[]): readonly FollowUp[] {
    const fresh = asks.filter(({ id }) => !this.#asked.has(id)).slice(0, this.#most - this.#asked.size + this.#refused);
    for (const ask of fresh) {
      this.#asked.set(ask.id, ask);
      this.#pending.add(ask.id);
    }
    return fresh;
  }

  /** False: nobody waits for it. */
  answered(id: string, source: string, text: string | undefined): boolean {
    const ask = this.#asked.get(id);
    if (ask === undefined || !this.#pending.delete(id)) return false;
    this.#answers.push({ id, role: ask.role, source, text });
    return true;
  }

  /** Waits for none any more, which is no answer from those that it waited for; returns them. */
  stop(): readonly string[] {
    const ids = [...this.#pending];
    for (const id of ids) this.answered(id, this.#asked.get(id)?.source ?? '', undefined);
    return ids;
  }

  /**
   * Nobody is asked those that were not asked before, since there may be no more or it is too late: that is no answer, too.
   * False: there is none among them, or as many were refused as may be asked.
   */
  refuse(asks: readonly FollowUp[]): boolean {
    const rest = asks.filter(({ id }) => !this.#asked.has(id)).slice(0, this.#most - this.#refused);
    for (const ask of rest) {
      this.#asked.set(ask.id, ask);
      this.#answers.push({ id: ask.id, role: ask.role, source: ask.source ?? '', text: undefined });
    }
    this.#refused += rest.length;
    return rest.length > 0;
  }
}
