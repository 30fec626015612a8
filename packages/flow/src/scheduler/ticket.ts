import { assert } from '@atp-router/kernel';
import type { Reservation } from '../account-ledger.ts';
import { type Amounts, type Denial, NOTHING } from '../amounts.ts';
import type { Charge, FairKey, FairPlace } from '../fair/fair-queue.ts';
import type { HeapMember } from '../indexed-heap.ts';

/** What a demand takes from whom. Several parts are granted together or not at all. */
export type Part =
  | { readonly kind: 'reserve'; readonly accounts: readonly string[]; readonly amounts: Amounts }
  /** An open reservation is to hold so much. */
  | { readonly kind: 'adjust'; readonly reservation: Reservation; readonly amounts: Amounts };

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
  /** One reservation for each part, in their order; an adjusted one is the part's own. */
  | { readonly kind: 'granted'; readonly reservations: readonly Reservation[] }
  | { readonly kind: 'waiting'; readonly account: string; readonly denial: Denial }
  | Refusal
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'ended' };

/** One demand. `waiting` becomes one of the others, `granted` becomes `ended`; `owner` is the caller's. */
export class Ticket<T> implements HeapMember {
  readonly owner: T;
  readonly key: FairKey;
  readonly parts: readonly Part[];
  readonly since_mono_ms: number;
  readonly until_mono_ms: number;
  /** May be stopped for somebody of a better tier. */
  readonly is_preemptible: boolean;
  state: TicketState;
  /** In the heap of deadlines, while it waits. */
  heap_at = -1;
  place: FairPlace<Ticket<T>> | undefined = undefined;
  /** Accounts in whose queue it has been the first: it does not line up there again behind those who came later. */
  readonly passed: Set<string> = new Set();
  charge: { readonly account: string; readonly of: Charge<Ticket<T>> } | undefined = undefined;
  /** What its end brings back to a pool, once it was told to stop for somebody else there. */
  reclaimed: { readonly pool: string; readonly amounts: Amounts } | undefined = undefined;

  constructor(
    owner: T,
    key: FairKey,
    parts: readonly Part[],
    since_mono_ms: number,
    until_mono_ms: number,
    is_preemptible: boolean,
  ) {
    assert(parts.length > 0, 'a demand has a part');
    this.owner = owner;
    this.key = key;
    this.parts = parts;
    this.since_mono_ms = since_mono_ms;
    this.until_mono_ms = until_mono_ms;
    this.is_preemptible = is_preemptible;
    this.state = { kind: 'cancelled' };
  }

  /** What it has outstanding at an account; nothing where it has not. */
  heldAt(account: string): Amounts {
    if (this.state.kind !== 'granted') return NOTHING;
    for (const reservation of this.state.reservations) {
      if (reservation.uses.some((use) => use.account.id === account)) return reservation;
    }
    return NOTHING;
  }

  /** Accounts of all parts, outermost first. */
  *accounts(): Generator<string> {
    for (const part of this.parts) {
      if (part.kind === 'reserve') yield* part.accounts;
      else for (const use of part.reservation.uses) yield use.account.id;
    }
  }
}
