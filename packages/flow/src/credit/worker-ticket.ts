import { assert } from '@atp-router/kernel';
import { type Amounts, assertAmounts, type Denial } from '../amounts.ts';
import type { FairKey } from '../fair/fair-queue.ts';
import type { HeapMember } from '../indexed-heap.ts';
import type { DenyReason } from './messages.ts';
import { plus } from './sums.ts';

/** A part of a demand: what it takes from which accounts, all of them or none. */
export interface CreditPart<T> {
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  /** How long it waits for these accounts; absent: not at all. */
  readonly wait_ms?: number | undefined;
  /** It adds to what another call, or an earlier attempt of this one, holds, and ends with that. */
  readonly into?: { readonly ticket: CreditTicket<T>; readonly part: number } | undefined;
}

export interface CreditDemand<T> {
  readonly owner: T;
  readonly key: FairKey;
  readonly parts: readonly CreditPart<T>[];
  readonly is_preemptible: boolean;
}

/** What a part holds from its grant until it ends. */
export interface HeldPart {
  readonly accounts: readonly string[];
  amounts: Amounts;
  /** UTC day that it is charged to. */
  day: number;
  is_open: boolean;
}

export type CreditState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'granted' }
  | {
      readonly kind: 'refused';
      readonly reason: DenyReason;
      readonly denial: Denial | undefined;
      readonly retry_ms: number | undefined;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'ended' };

/** One demand at a worker: `waiting` at the owner, or decided at once. */
export class CreditTicket<T> implements HeapMember {
  readonly kind = 'start';
  readonly id: number;
  readonly owner: T;
  readonly key: FairKey;
  readonly asked: readonly CreditPart<T>[];
  readonly is_preemptible: boolean;
  readonly since_mono_ms: number;
  readonly held: HeldPart[] = [];
  state: CreditState = { kind: 'waiting' };
  /** The owner granted it and waits for what its parts used in tokens. */
  is_charged = false;
  is_stopping = false;
  heap_at = -1;
  due_mono_ms: number = Number.POSITIVE_INFINITY;

  constructor(id: number, { owner, key, parts, is_preemptible }: CreditDemand<T>, mono_ms: number) {
    this.id = id;
    this.owner = owner;
    this.key = key;
    for (const { amounts } of parts) assertAmounts(amounts);
    this.asked = parts;
    this.is_preemptible = is_preemptible;
    this.since_mono_ms = mono_ms;
  }

  /** Longest patience of its parts, from its beginning; undefined: it does not wait. */
  get patience_ms(): number | undefined {
    const waits = this.asked.map(({ wait_ms }) => wait_ms).filter((wait_ms) => wait_ms !== undefined);
    return waits.length === 0 ? undefined : Math.max(...waits);
  }

  get is_holding(): boolean {
    return this.held.some(({ is_open }) => is_open);
  }

  /**
   * What its parts take, and of which day: `day` where they are not added to what another call holds. What was to be added to
   * a call that has ended takes nothing.
   */
  holds(day: number): readonly Pick<HeldPart, 'accounts' | 'amounts' | 'day'>[] {
    const holds: Pick<HeldPart, 'accounts' | 'amounts' | 'day'>[] = [];
    for (const { accounts, amounts, into } of this.asked) {
      const target = into?.ticket.held[into.part];
      if (into !== undefined && target?.is_open !== true) continue;
      holds.push({ accounts, amounts, day: target?.day ?? day });
    }
    return holds;
  }

  /** It is granted, and charged to this day where it is not part of another call. */
  start(day: number): void {
    for (const { accounts, amounts, into } of this.asked) {
      const target = into?.ticket.held[into.part];
      if (target?.is_open === true) target.amounts = plus(target.amounts, amounts);
      this.held.push({ accounts, amounts, day, is_open: into === undefined });
    }
    this.state = { kind: 'granted' };
  }

  open(part: number): HeldPart {
    const held = this.held[part];
    assert(held?.is_open === true, 'a part that holds something');
    return held;
  }
}

/** A call that runs asks for more and goes on meanwhile. */
export class Growth<T> implements HeapMember {
  readonly kind = 'grow';
  readonly id: number;
  readonly ticket: CreditTicket<T>;
  readonly part: number;
  readonly by: Amounts;
  readonly since_mono_ms: number;
  heap_at = -1;
  due_mono_ms: number = Number.POSITIVE_INFINITY;

  constructor(id: number, ticket: CreditTicket<T>, part: number, by: Amounts, mono_ms: number) {
    this.id = id;
    this.ticket = ticket;
    this.part = part;
    this.by = by;
    this.since_mono_ms = mono_ms;
  }
}
