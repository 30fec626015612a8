import type { PromptReader } from '../features/reader.ts';
import type { TopicsState } from '../features/topics.ts';

/** Topics, and the process that found them. */
export type FoundTopics = TopicsState & { readonly origin: string };

/**
 * Who looks for topics. Of processes that learn together only one does at a time, and the others use what it finds: so a topic is the
 * same for all, and what they learn of it adds up. It is the one that has seen most prompts, of equals the first by name.
 */
export class TopicCourse {
  readonly #reader: PromptReader;
  readonly #origin: string;
  readonly #silent_merges: number;
  /** Who found the topics that are in use. */
  #finder: string;
  /** Merges since anything was heard of who finds them. */
  #silent = 0;

  constructor(reader: PromptReader, origin: string, silent_merges: number) {
    this.#reader = reader;
    this.#origin = origin;
    this.#silent_merges = silent_merges;
    this.#finder = origin;
  }

  /** Learns from the prompts that came, if it is this one's turn. `tick`: hours since the epoch. */
  study(tick: number): void {
    if (this.#finder === this.#origin) this.#reader.study(this.#origin, tick);
    else this.#reader.skip();
  }

  state(): FoundTopics | undefined {
    const state = this.#reader.state();
    return state === undefined ? undefined : { ...state, origin: this.#finder };
  }

  /** As it was before a restart. Until it hears of somebody who is ahead, it goes on by itself: it may be alone now. */
  restore(found: FoundTopics): void {
    this.#adopt(found, this.#origin);
  }

  /** Goes by the topics that are farthest, if they are farther than its own; whether they mean something else than those before. */
  follow(found: readonly FoundTopics[]): boolean {
    const { topics } = this.#reader;
    let best: Pick<FoundTopics, 'version' | 'origin'> = {
      version: topics.begun ? topics.version : -1,
      origin: this.#finder,
    };
    let next: FoundTopics | undefined;
    for (const one of found) if (isAhead(one, best)) [best, next] = [one, one];
    if (next === undefined) return false;
    const before = topics.lineage;
    this.#adopt(next, next.origin);
    return before !== '' && before !== next.lineage;
  }

  /** A merge is over, in which something new came of these. */
  heard(origins: ReadonlySet<string>): void {
    if (this.#finder === this.#origin) return;
    this.#silent = origins.has(this.#finder) ? 0 : this.#silent + 1;
    if (this.#silent >= this.#silent_merges) this.#finder = this.#origin;
  }

  #adopt(found: FoundTopics, finder: string): void {
    this.#reader.adopt(found);
    this.#finder = finder;
    this.#silent = 0;
  }
}

function isAhead(
  one: Pick<FoundTopics, 'version' | 'origin'>,
  other: Pick<FoundTopics, 'version' | 'origin'>,
): boolean {
  return one.version > other.version || (one.version === other.version && one.origin < other.origin);
}
