import type { Charge } from '../fair/fair-queue.ts';
import type { Reservation } from '../reservation.ts';
import type { Pool } from './pool.ts';
import type { Ticket } from './ticket.ts';

interface Charged<T> {
  readonly account: string;
  readonly of: Charge<Ticket<T>>;
  /** Tokens that the reservation held before this charge was made. */
  readonly before: number;
}

/**
 * What tenants were charged for reservations when they had waited for them, until it is known what each used. Growth that waited
 * is charged by itself, and what is reported in the end is of all: each token is charged once.
 */
export class Charges<T> {
  readonly #of: WeakMap<Reservation, readonly Charged<T>[]> = new WeakMap();

  /** Of a reservation, or of so many tokens by which it has grown. */
  add(reservation: Reservation, account: string, of: Charge<Ticket<T>>, grown: number | undefined): void {
    const before = grown === undefined ? 0 : reservation.tokens - grown;
    this.#of.set(reservation, [...(this.#of.get(reservation) ?? []), { account, of, before }]);
  }

  /** It ended and used so much. What it held before anything was charged for it was given without a queue, and is not charged now. */
  correct(reservation: Reservation, { account, queue }: Pool<T>, tokens: number): void {
    let is_first = true;
    for (const charged of this.#of.get(reservation) ?? []) {
      if (charged.account !== account) continue;
      queue.correct(charged.of, is_first ? Math.max(0, tokens - charged.before) : 0);
      is_first = false;
    }
  }
}
