import {
  type AccountLedger,
  type Amounts,
  type CreditPart,
  dayStart_ms,
  type Denial,
  NOTHING,
  type Part,
  plus,
  type Reservation,
} from '@atp-router/flow';
import type { LeasedTicket } from './leased-ticket.ts';

/** The part of a ticket that a reservation is of. */
export class Place {
  readonly ticket: LeasedTicket;
  readonly part: number;
  /** What its call said last that it needs. Credit is behind that while the owner is asked for more. */
  wanted: Amounts;
  /** Asked of the owner, and not answered. */
  asked: Amounts = NOTHING;
  onRefused: ((denial: Denial) => void) | undefined = undefined;

  constructor(ticket: LeasedTicket, part: number, wanted: Amounts) {
    this.ticket = ticket;
    this.part = part;
    this.wanted = wanted;
  }
}

/** What calls of this process hold, entered into its own books: they refuse nothing, and show what is there. */
export class LeasedBooks {
  readonly #accounts: AccountLedger;

  constructor(accounts: AccountLedger) {
    this.#accounts = accounts;
  }

  placeOf({ beside }: Reservation): Place | undefined {
    return beside instanceof Place ? beside : undefined;
  }

  /** As credit is asked for it. */
  creditPart(part: Part): CreditPart<LeasedTicket> {
    const { wait_ms } = part;
    if (part.kind === 'reserve') return { accounts: part.accounts, amounts: part.amounts, wait_ms };
    const { reservation, by } = part;
    const place = this.placeOf(reservation);
    const into = place && { ticket: place.ticket.credit, part: place.part };
    return { accounts: reservation.accounts, amounts: by, wait_ms, into };
  }

  /** Its credit was granted: so are its parts. False, and nothing entered, when there is no room for another account. */
  grant(ticket: LeasedTicket): boolean {
    const reservations: Reservation[] = [];
    for (const [i, part] of ticket.parts.entries()) {
      const reservation = part.kind === 'reserve' ? this.#reserve(ticket, i, part.accounts) : part.reservation;
      if (reservation === undefined) {
        for (const [j, made] of reservations.entries())
          if (ticket.parts[j]?.kind === 'reserve') this.#accounts.release(made);
        return false;
      }
      reservations.push(reservation);
    }
    let open = 0;
    for (const [i, part] of ticket.parts.entries()) {
      const reservation = reservations[i] as Reservation;
      if (part.kind === 'reserve') {
        this.#accounts.restate(reservation, part.amounts);
        reservation.beside = new Place(ticket, i, part.amounts);
        open += 1;
      } else if (reservation.state === 'open') {
        this.#accounts.restate(reservation, plus(reservation, part.by));
        const place = this.placeOf(reservation);
        if (place !== undefined) place.wanted = plus(place.wanted, part.by);
      }
    }
    ticket.state = { kind: 'granted', reservations, open };
    return true;
  }

  /** What it holds counts as used until its holder says more. Returns what that is, by part. */
  lapse(ticket: LeasedTicket): readonly { readonly part: number; readonly held: Amounts }[] {
    if (ticket.state.kind !== 'granted') return [];
    const { reservations, open } = ticket.state;
    const lapsed: { readonly part: number; readonly held: Amounts }[] = [];
    for (const [part, its] of ticket.parts.entries()) {
      const reservation = reservations[part];
      if (its.kind !== 'reserve' || reservation?.state !== 'open') continue;
      const { calls, tokens, usd_nanos } = reservation;
      this.#accounts.lapse(reservation);
      lapsed.push({ part, held: { calls, tokens, usd_nanos } });
    }
    ticket.state = { kind: 'lapsed', reservations, open };
    return lapsed;
  }

  #reserve(ticket: LeasedTicket, part: number, accounts: readonly string[]): Reservation | undefined {
    const day = ticket.credit.held[part]?.day ?? 0;
    const made = this.#accounts.reserve(accounts, NOTHING, dayStart_ms(day), ticket.key.qos);
    return made.ok ? made.reservation : undefined;
  }
}
