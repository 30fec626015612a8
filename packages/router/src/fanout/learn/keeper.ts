import { AtpError, type Clock, type Contribution, type Timer, type Timers, toAtpError } from '@atp-router/kernel';
import {
  isLearned,
  type LearnedEvent,
  type LearnedPlace,
  type LearnedState,
  type LearnedStore,
  type RouterEvent,
} from '@atp-router/ledger';
import type { Subject } from './subject.ts';

export interface KeeperParts {
  readonly subjects: readonly Subject[];
  readonly store: LearnedStore;
  /** The last record of the journal. */
  readonly place: () => LearnedPlace;
  /** Resolves when everything appended so far is written. */
  readonly written: () => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From one round to the next. */
  readonly every_ms: number;
  readonly onProblem: (problem: AtpError) => void;
}

/** Events that are read at once at a start. */
const PAGE = 500;

/**
 * Keeps what a router has learned over restarts, and shares it with the others of its database. The journal is the truth: its
 * events are in the tables, a state is what they came to up to a place of it, and at a start the events behind that place are
 * taken in again. A state is written when the journal is as far, so it never holds what the journal has not. Each node
 * writes its own state and reads those of others; all work with the sum.
 */
export class KnowledgeKeeper {
  readonly #parts: KeeperParts;
  readonly #known: Map<string, LearnedState> = new Map();
  #at: LearnedPlace = { epoch: 0, seq: 0 };
  #is_dirty = false;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #is_closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Once, before the first call. Throws when the tables cannot be read. */
  async restore(): Promise<void> {
    const { store, subjects } = this.#parts;
    const own = await store.own();
    const parts = own === undefined ? new Map<Subject, unknown>() : this.#read(own);
    for (const [subject, value] of parts) subject.restore(value);
    // Whoever has no part that can be read learns of all that is in the tables; the others go on behind their state.
    const anew = subjects.filter((subject) => !parts.has(subject));
    if (own !== undefined && anew.length === 0) this.#at = own;
    for (;;) {
      const rows = await store.after(this.#at, PAGE);
      for (const { event, epoch, seq } of rows) {
        const at = { epoch, seq };
        this.#take(event, own !== undefined && !isBehind(at, own) ? anew : subjects);
        this.#at = at;
      }
      if (rows.length < PAGE) break;
    }
    await this.#hear();
    this.#later();
  }

  /** Of each event, right behind its way into the journal. */
  observe(event: RouterEvent): void {
    if (!isLearned(event)) return;
    this.#take(event);
    this.#at = this.#parts.place();
  }

  /** Writes what is new and reads what others have learned. One at a time. */
  exchange(): Promise<void> {
    this.#round ??= this.#exchange().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** Before the tables are closed. */
  async close(): Promise<void> {
    this.#is_closed = true;
    this.#timer?.cancel();
    await this.#round;
    if (this.#is_dirty) await this.#keep().catch((error: unknown) => this.#parts.onProblem(toAtpError(error)));
  }

  async #exchange(): Promise<void> {
    try {
      if (this.#is_dirty) await this.#keep();
      await this.#hear();
    } catch (error) {
      // What was learned is in the journal, so it is not lost; the next round tries again.
      this.#parts.onProblem(toAtpError(error));
    }
  }

  async #keep(): Promise<void> {
    const { subjects, store, written, clock } = this.#parts;
    const parts = Object.fromEntries(subjects.map((subject) => [subject.name, subject.record()]));
    const state = { ...this.#at, record: JSON.stringify(parts) };
    this.#is_dirty = false;
    try {
      await written();
      await store.put(state, clock.now_ms());
    } catch (error) {
      this.#is_dirty = true;
      throw error;
    }
  }

  async #hear(): Promise<void> {
    const { subjects, store } = this.#parts;
    const known = [...this.#known.values()].map(({ node_id, epoch, seq }) => ({ node_id, epoch, seq }));
    const states = await store.others(known);
    const contributions = new Map<Subject, Contribution<unknown>[]>(subjects.map((subject) => [subject, []]));
    for (const state of states) {
      const { node_id, epoch, seq } = state;
      this.#known.set(node_id, { ...state, record: '' });
      for (const [subject, value] of this.#read(state))
        contributions.get(subject)?.push({ origin: node_id, tick: epoch * EPOCH + seq, value });
    }
    for (const [subject, list] of contributions) subject.merge(list);
  }

  /** Parts of a state, of those subjects that can read theirs. */
  #read({ node_id, record }: LearnedState): ReadonlyMap<Subject, unknown> {
    const { subjects } = this.#parts;
    const parts = partsOf(record, subjects);
    const known = subjects.filter(({ name }) => name in parts);
    const read = known.filter((subject) => subject.isRecord(parts[subject.name]));
    const lost = known.length === 0 ? ['all'] : known.flatMap((one) => (read.includes(one) ? [] : [one.name]));
    if (lost.length > 0) {
      const message = `What node "${node_id}" has learned cannot be read, and is left out (${lost.join(', ')}).`;
      this.#parts.onProblem(new AtpError('internal_error', `${message} Its next state takes its place.`));
    }
    return new Map(read.map((subject) => [subject, parts[subject.name]]));
  }

  #take(event: LearnedEvent, subjects: readonly Subject[] = this.#parts.subjects): void {
    for (const subject of subjects) {
      try {
        subject.take(event);
      } catch (error) {
        this.#parts.onProblem(toAtpError(error));
      }
    }
    this.#is_dirty = true;
  }

  #later(): void {
    if (this.#is_closed) return;
    this.#timer = this.#parts.timers.after(this.#parts.every_ms, () => {
      void this.exchange().then(() => this.#later());
    });
  }
}

/** Whether a place is behind another. */
function isBehind(at: LearnedPlace, other: LearnedPlace): boolean {
  return at.epoch > other.epoch || (at.epoch === other.epoch && at.seq > other.seq);
}

/** Records of one epoch are fewer. */
const EPOCH = 2 ** 32;

/** Before there were several subjects a state was the first one's record. */
function partsOf(record: string, subjects: readonly Subject[]): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch {
    return {};
  }
  const [first] = subjects;
  if (first?.isRecord(value) === true) return { [first.name]: value };
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
