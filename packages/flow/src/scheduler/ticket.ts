import { assert } from '@atp-router/kernel';
import { type Amounts, type Denial, NOTHING } from '../amounts.ts';
import type { FairKey, FairPlace } from '../fair/fair-queue.ts';
import type { HeapMember } from '../indexed-heap.ts';
import type { Reservation } from '../reservation.ts';

/** What a demand takes from whom. Several parts are granted together or not at all, and end one by one. */
export type Part = Patience &
  (
    | { readonly kind: 'reserve'; readonly accounts: readonly string[]; readonly amounts: Amounts }
    /** An open reservation is to hold so much more than it does then. */
    | { readonly kind: 'grow'; readonly reservation: Reservation; readonly by: Amounts }
  );

interface Patience {
  /** How long it waits for these accounts, from when the first of them refused it; absent: not at all. */
  readonly wait_ms?: number | undefined;
}

export interface Demand<T> {
  readonly owner: T;
  readonly key: FairKey;
  readonly parts: readonly Part[];
  /** May be stopped for somebody of a better tier. */
  readonly is_preemptible: boolean;
  /** Time from the grant after which whoever holds it is taken for dead; absent: it lives as long as its holder. */
  readonly lease_ms?: number | undefined;
}

/** Why a demand that waited, or would have, is over. */
export type Refusal =
  | { readonly kind: 'denied'; readonly denial: Denial }
  /** Its patience, or its deadline, is over. */
  | { readonly kind: 'expired'; readonly denial: Denial }
  /** Too many wait: somebody of a better tier came, or nobody may join. */
  | { readonly kind: 'shed'; readonly denial: Denial }
  /** The ledger threw over this demand: its own owner hears of it, and nobody else. */
  | { readonly kind: 'failed'; readonly thrown: unknown };

export type TicketState =
  /** One reservation for each part, in their order; of one that grew, that. `open`: reserved parts not ended yet. */
  | { readonly kind: 'granted'; readonly reservations: readonly Reservation[]; open: number }
  /** Its lease is over: what it held is debited until its holder says what it used. */
  | { readonly kind: 'lapsed'; readonly reservations: readonly Reservation[]; open: number }
  | { readonly kind: 'waiting'; readonly account: string; readonly denial: Denial }
  | Refusal
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'ended' };

/** One demand. `waiting` becomes one of the others, `granted` becomes `ended` or `lapsed`; `owner` is the caller's. */
export class Ticket<T> implements HeapMember {
  readonly owner: T;
  readonly key: FairKey;
  parts: readonly Part[];
  readonly since_mono_ms: number;
  readonly is_preemptible: boolean;
  readonly lease_ms: number;
  state: TicketState;
  /** In the heap of times: its patience while it waits, its lease while it is granted. */
  heap_at = -1;
  due_mono_ms: number = Number.POSITIVE_INFINITY;
  place: FairPlace<Ticket<T>> | undefined = undefined;
  /** It was not decided at once. */
  has_waited = false;
  /** Accounts in whose queue it has been the first: it does not line up there again behind those who came later. */
  readonly passed: string[] = [];
  /** When each part was refused first. */
  readonly #waits_since: (number | undefined)[] = [];
  /** The account at which it was told to stop for somebody else. */
  stopped_at: string | undefined = undefined;

  constructor({ owner, key, parts, is_preemptible, lease_ms }: Demand<T>, since_mono_ms: number) {
    assert(parts.length > 0, 'a demand has a part');
    this.owner = owner;
    this.key = key;
    this.parts = parts;
    this.since_mono_ms = since_mono_ms;
    this.is_preemptible = is_preemptible;
    this.lease_ms = lease_ms ?? Number.POSITIVE_INFINITY;
    this.state = CANCELLED;
  }

  /** Monotone time until which it waits for an account that refuses it now; `-Infinity` when it does not. */
  patience(account: string, mono_ms: number): number {
    const at = this.indexAt(account);
    const wait_ms = this.parts[at]?.wait_ms;
    if (wait_ms === undefined) return Number.NEGATIVE_INFINITY;
    const since_ms = this.#waits_since[at] ?? mono_ms;
    this.#waits_since[at] = since_ms;
    return Math.min(since_ms + wait_ms, this.key.deadline_mono_ms);
  }

  partAt(account: string): Part | undefined {
    return this.parts[this.indexAt(account)];
  }

  /** Which of its parts an account is of; -1: none. */
  indexAt(account: string): number {
    for (let i = 0; i < this.parts.length; i += 1) {
      if (accountsOf(this.parts[i] as Part).includes(account)) return i;
    }
    return -1;
  }

  /** What it has outstanding at an account by itself; nothing where it only had another reservation grow. */
  heldAt(account: string): Amounts {
    if (this.state.kind !== 'granted') return NOTHING;
    for (let i = 0; i < this.parts.length; i += 1) {
      const part = this.parts[i];
      if (part?.kind !== 'reserve' || !part.accounts.includes(account)) continue;
      const reservation = this.state.reservations[i];
      if (reservation?.state === 'open') return reservation;
    }
    return NOTHING;
  }
}

const CANCELLED: TicketState = { kind: 'cancelled' };

/** In the order in which they are asked. */
export function accountsOf(part: Part): readonly string[] {
  return part.kind === 'reserve' ? part.accounts : part.reservation.accounts;
}
