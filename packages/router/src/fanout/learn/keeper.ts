import { isLearnedRecord, type Knowledge, type LearnedRecord } from '@atp-router/consensus';
import { AtpError, type Clock, type Timer, type Timers, toAtpError } from '@atp-router/kernel';
import type { LearnedPlace, LearnedState, LearnedStore, RouterEvent } from '@atp-router/ledger';
import { isLearned, takeIn } from './lessons.ts';

export interface KeeperParts {
  readonly knowledge: Knowledge;
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
    const { store, knowledge } = this.#parts;
    const own = await store.own();
    const record = own && this.#read(own);
    if (own !== undefined && record !== undefined) {
      knowledge.restore(record);
      this.#at = own;
    }
    for (;;) {
      const rows = await store.after(this.#at, PAGE);
      for (const { event, epoch, seq } of rows) {
        this.#take(event);
        this.#at = { epoch, seq };
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
    const { knowledge, store, written, clock } = this.#parts;
    const state = { ...this.#at, record: JSON.stringify(knowledge.record()) };
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
    const { knowledge, store } = this.#parts;
    const known = [...this.#known.values()].map(({ node_id, epoch, seq }) => ({ node_id, epoch, seq }));
    const states = await store.others(known);
    const contributions = states.flatMap((state) => {
      const { node_id, epoch, seq } = state;
      this.#known.set(node_id, { ...state, record: '' });
      const value = this.#read(state);
      return value === undefined ? [] : [{ origin: node_id, tick: epoch * EPOCH + seq, value }];
    });
    knowledge.merge(contributions);
  }

  /** Undefined for what another version wrote, or nobody should have. */
  #read({ node_id, record }: LearnedState): LearnedRecord | undefined {
    let value: unknown;
    try {
      value = JSON.parse(record);
    } catch {
      value = undefined;
    }
    if (isLearnedRecord(value)) return value;
    const message = `What node "${node_id}" has learned of who answers cannot be read, and is left out.`;
    this.#parts.onProblem(new AtpError('internal_error', `${message} Its next state takes its place.`));
    return undefined;
  }

  #take(event: Parameters<typeof takeIn>[1]): void {
    try {
      takeIn(this.#parts.knowledge, event);
    } catch (error) {
      this.#parts.onProblem(toAtpError(error));
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

/** Records of one epoch are fewer. */
const EPOCH = 2 ** 32;
