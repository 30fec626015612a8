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

  /**
   * It ended and used so much. What it held before anything was charged for it was given without a queue, and is not charged now. Each
   * charge stands as far as so much was used, and the last one, whose tenant is the likeliest to be remembered, takes the difference.
   */
  correct(reservation: Reservation, { account, queue }: Pool<T>, tokens: number): void {
    const here = this.#of.get(reservation)?.filter((charged) => charged.account === account) ?? [];
    let left = Math.max(0, tokens - (here[0]?.before ?? 0));
    for (const [i, { of }] of here.entries()) {
      const used = i === here.length - 1 ? left : Math.min(left, of.tokens);
      left -= used;
      queue.correct(of, used);
    }
  }
}
