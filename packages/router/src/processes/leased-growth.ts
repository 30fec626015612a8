import {
  type AccountLedger,
  type Amounts,
  type CreditWorker,
  type Denial,
  isNothing,
  least,
  minus,
  type Now,
  plus,
  positive,
  type Reservation,
  type WorkerEffect,
} from '@atp-router/flow';
import type { LeasedBooks, Place } from './leased-books.ts';
import { type LeasedTicket, unknownDenial } from './leased-ticket.ts';

type Effects = readonly WorkerEffect<LeasedTicket>[];

/** Calls that run and need more than they have, or less. */
export class Growth {
  readonly #accounts: AccountLedger;
  readonly #books: LeasedBooks;
  readonly #credit: CreditWorker<LeasedTicket>;
  readonly #took: (effects: Effects) => void;

  constructor(
    accounts: AccountLedger,
    books: LeasedBooks,
    credit: CreditWorker<LeasedTicket>,
    took: (effects: Effects) => void,
  ) {
    this.#accounts = accounts;
    this.#books = books;
    this.#credit = credit;
    this.#took = took;
  }

  /** Within credit at once. Beyond it the owner is asked, and the call goes on as if it had it until `onRefused`. */
  adjust(
    reservation: Reservation,
    amounts: Amounts,
    now: Now,
    onRefused: ((denial: Denial) => void) | undefined,
  ): Denial | undefined {
    const place = this.#books.placeOf(reservation);
    if (place === undefined || reservation.state !== 'open') return undefined;
    place.wanted = amounts;
    place.onRefused = onRefused ?? place.onRefused;
    this.#accounts.restate(reservation, amounts);
    this.#shrink(place, now);
    const { ticket, part } = place;
    const more = positive(minus(amounts, plus(ticket.credit.open(part).amounts, place.asked)));
    if (isNothing(more)) return undefined;
    const { answer, effects } = this.#credit.grow(ticket.credit, part, more, now);
    if (answer === 'asked') place.asked = plus(place.asked, more);
    this.#took(effects);
    return answer === 'denied' ? unknownDenial(reservation.accounts[0] ?? '') : undefined;
  }

  answered(
    { kind, ticket: { owner }, part, by, denial }: Extract<Effects[number], { kind: 'grown' | 'not_grown' }>,
    now: Now,
    tell: (run: () => void) => void,
  ): void {
    const reservation = owner.state.kind === 'granted' ? owner.state.reservations[part] : undefined;
    const place = reservation && this.#books.placeOf(reservation);
    if (place === undefined || reservation?.state !== 'open') return;
    place.asked = positive(minus(place.asked, by));
    const { onRefused } = place;
    if (kind === 'grown') this.#shrink(place, now);
    else if (denial !== undefined && onRefused !== undefined) tell(() => onRefused(denial));
  }

  /** What its credit holds beyond what its call wants goes back. */
  #shrink({ ticket, part, wanted }: Place, now: Now): void {
    const { amounts } = ticket.credit.open(part);
    const to = least(amounts, wanted);
    if (!isNothing(minus(amounts, to))) this.#took(this.#credit.shrink(ticket.credit, part, to, now));
  }
}
