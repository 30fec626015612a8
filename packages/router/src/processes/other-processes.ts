import type { AtpError } from '@atp-router/kernel';
import type { EventType } from '@atp-router/ledger';

/** What another process said to a question, or why it did not. */
export type OtherReply = { readonly process: string; readonly incarnation: number } & (
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly error: AtpError }
);

/** An event of another process, without what is not for eyes. */
export interface ForeignEvent {
  readonly node_id: string;
  readonly ts_ms: number;
  readonly event: ShownEvent;
}

/** `RouterEvent` without what is long or secret. */
export type ShownEvent = { readonly type: EventType } & Readonly<Record<string, unknown>>;

export interface ForeignEvents {
  onEvent(event: ForeignEvent): void;
  /** So many came too fast, and are left out. */
  onDropped(count: number): void;
}

/** The processes that serve calls, as their owner asks them. */
export interface OtherProcesses {
  /** All at once. Never rejects: who does not answer in time, or fails, says so. */
  ask(kind: string, question: unknown, timeout_ms?: number): Promise<readonly OtherReply[]>;
  /** Any one that is there; undefined when none is. */
  askOne(kind: string, question: unknown): Promise<OtherReply | undefined>;
  /**
   * Their events of these types, of all when undefined, from when it resolves until the function that it returns is called.
   */
  follow(types: readonly EventType[] | undefined, events: ForeignEvents): Promise<() => void>;
  /** How many there are. */
  readonly linked: number;
}

/** Answers of a process to others, by the kind of question. What they throw reaches whoever asked when it is an `AtpError`. */
export type Answers = ReadonlyMap<string, (question: unknown) => unknown>;

/** The way of a process to the owner of the limits. */
export interface OwnerDoor {
  /** Rejects with `AtpError`. */
  ask(kind: string, question: unknown, timeout_ms: number): Promise<unknown>;
  /** The Unix socket of its HTTP interface. */
  readonly http: string;
}

/** Of these the owner has its own, which its workers follow. */
export const OWNER_EVENTS: ReadonlySet<EventType> = new Set([
  ...(['config.applied', 'config.rejected', 'limits.changed'] as const),
  ...(['kill.set', 'entity.put', 'entity.deleted'] as const),
]);
