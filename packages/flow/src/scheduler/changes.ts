import type { Qos } from '@atp-router/kernel';
import type { Ticket } from './ticket.ts';

/** Two times, never one for the other: the wall clock's day decides budgets and may jump; waiting is monotone. */
export interface Now {
  readonly now_ms: number;
  readonly mono_ms: number;
}

/** What others have to be told after an input. */
export interface Changes<T> {
  /** Waited, and were granted, or refused for good; see `state`. */
  readonly decided: readonly Ticket<T>[];
  /** To be stopped: each is still granted until its parts are settled or released. */
  readonly preempted: readonly Ticket<T>[];
  /** Their leases are over: whoever held them is to be stopped, if it can be reached. */
  readonly lapsed: readonly Ticket<T>[];
  /** Accounts whose pressure began or is over. */
  readonly marks: readonly { readonly account: string; readonly is_high: boolean }[];
  /** Tenants that are given more weight for a while. */
  readonly starving: readonly { readonly qos: Qos; readonly tenant: string }[];
}

/** What queues show of themselves, for whoever counts it. */
export type QueueSigns = Pick<Changes<unknown>, 'marks' | 'starving'>;

export type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };

export function noChanges<T>(): Mutable<Changes<T>> {
  return { decided: [], preempted: [], lapsed: [], marks: [], starving: [] };
}
