import type { LearnedEvent } from '@atp-router/ledger';

/** What another node has learned; the newest of one node takes the place of those before. */
export interface Contribution {
  readonly origin: string;
  /** Rises with each. */
  readonly tick: number;
  readonly value: unknown;
}

/** Something that is learned from events and kept in states. */
export interface Subject {
  /** Its part of a state. */
  readonly name: string;
  /** Takes in what an event teaches, if it is one of its own: the same when it happens and when the journal is read again. */
  take(event: LearnedEvent): void;
  /** As JSON has it. */
  record(): unknown;
  /** Whether it is such a record: another version may have written it, or nobody who should. */
  isRecord(value: unknown): boolean;
  /** Once, before anything is taken in: what this node knew. */
  restore(value: unknown): void;
  /** What others know, each by its origin. */
  merge(others: readonly Contribution[]): void;
}
