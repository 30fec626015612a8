import type { Contribution } from '@atp-router/kernel';
import type { LearnedEvent } from '@atp-router/ledger';

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
  merge(others: readonly Contribution<unknown>[]): void;
}
