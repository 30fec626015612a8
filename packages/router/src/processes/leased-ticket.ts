import { type CreditTicket, type Denial, type Reservation, Ticket } from '@atp-router/flow';
import { AtpError, assert } from '@atp-router/kernel';
import type { GateTicket, Holder } from '../engine/gate.ts';

/** A call's place in the window of its session, from before it asks for credit until the part ends that names the session. */
export interface OwnPlace {
  readonly ticket: Ticket<LeasedTicket>;
  readonly part: number;
}

/** A ticket of a worker's gate: to its call one like any other; behind it is what was asked of credit. */
export class LeasedTicket extends Ticket<Holder> {
  /** Undefined: it is of no session, or has ended there. */
  own: OwnPlace | undefined = undefined;
  /** What was asked last. */
  #credit: CreditTicket<LeasedTicket> | undefined;

  /** False: it waits for its session's window, and has asked for nothing else. */
  get has_asked(): boolean {
    return this.#credit !== undefined;
  }

  get credit(): CreditTicket<LeasedTicket> {
    assert(this.#credit !== undefined, 'a ticket that credit was asked for');
    return this.#credit;
  }

  asked(credit: CreditTicket<LeasedTicket>): void {
    this.#credit = credit;
  }

  /** What it waited for a part, or for any, is taken from the patience that it has there. */
  waited(wait_ms: number, part?: number): void {
    this.parts = this.parts.map((its, i) => {
      if (its.wait_ms === undefined || (part !== undefined && i !== part)) return its;
      return { ...its, wait_ms: Math.max(0, its.wait_ms - wait_ms) };
    });
  }

  reservation(part: number): Reservation {
    const { state } = this;
    const reservations = state.kind === 'granted' || state.kind === 'lapsed' ? state.reservations : undefined;
    const reservation = reservations?.[part];
    assert(reservation !== undefined, 'a part that was granted');
    return reservation;
  }

  /** The first account that it asks. */
  get account(): string {
    const [part] = this.parts;
    return (part?.kind === 'grow' ? part.reservation.accounts[0] : part?.accounts[0]) ?? '';
  }

  /** Credit was refused, or is waited for: the same in the words of the engine. */
  explain(): void {
    const { state } = this.credit;
    if (state.kind === 'waiting') {
      this.has_waited = true;
      this.state = { kind: 'waiting', account: this.account, denial: unknownDenial(this.account) };
    } else if (state.kind === 'refused') {
      const { reason, denial = unknownDenial(this.account) } = state;
      if (reason === 'unreachable') this.fail(unreachable());
      else if (reason === 'failed') this.fail(new Error('the owner of the limits failed over this call'));
      else this.state = { kind: reason, denial };
    }
  }

  fail(thrown: unknown): void {
    this.state = { kind: 'failed', thrown };
  }
}

export function own(ticket: GateTicket): LeasedTicket {
  assert(ticket instanceof LeasedTicket, 'a ticket of this gate');
  return ticket;
}

/** Where the owner has not said more. */
export function unknownDenial(account: string): Denial {
  return { ok: false, account, dimension: 'window_calls', limit: 0, available: 0, waitable: true };
}

function unreachable(): AtpError {
  const words = 'The process that holds the limits of this router does not answer. Retry shortly.';
  return new AtpError('backpressure', words, { retry_after_ms: 1_000 });
}
