import { QOS_TIERS, type Qos, qosRank } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, NOTHING } from '../amounts.ts';
import { dayStart_ms } from '../days.ts';
import type { Reservation } from '../reservation.ts';
import type { Held } from './messages.ts';
import { isNothing, least, minus, plus, positive } from './sums.ts';

/** More than any limit: sums of it are exact still, whatever a worker says. */
const MOST = 2 ** 52;
const CREDIT_MOST: Amounts = { calls: MOST, tokens: MOST, usd_nanos: MOST };

/** Grants on their way that are told apart; more are in flight only where the account is open, and tiers do not matter. */
const UNSEEN_MAX = 32;

/**
 * What the owner holds and has debited for one incarnation of a worker, at one account on one UTC day. The credit that is out
 * is held in the ledger by reservations of each tier: as calls hold it, and what is idle as bronze.
 */
export class OwnerSlot {
  readonly account: string;
  readonly day: number;
  readonly #ledger: AccountLedger;
  readonly #reservations: (Reservation | undefined)[] = [undefined, undefined, undefined];
  /** Credit that is out: what the worker has, and what is on its way to it. */
  credit: Amounts = NOTHING;
  /** Debited for it. */
  known: Amounts = NOTHING;
  /** What of it whoever follows this owner can read. */
  kept: Amounts = NOTHING;
  /** It admits from its credit. */
  is_open = false;
  /** Since it was closed it has told what it holds. */
  is_answered = true;
  /** Number of the message that opened it last: what the worker said before it had heard that says nothing of it. */
  #opened_seq = 0;
  /** Number of the message that gave it more than was wanted last. */
  topped_seq = 0;
  /** What it held when it was not heard of any more: may still be in use. */
  lost: Amounts = NOTHING;
  /** What the worker was told last that others have there. */
  told: { readonly used: Amounts; readonly out: Amounts } | undefined = undefined;
  #held: Held = {};
  /** Credit for granted calls which the worker has not said to have heard of. */
  #unseen: { readonly seq: number; readonly qos: Qos; readonly amounts: Amounts }[] = [];

  constructor(ledger: AccountLedger, account: string, day: number) {
    this.#ledger = ledger;
    this.account = account;
    this.day = day;
  }

  /** Credit may be idle there that a recall brings back. */
  get is_recallable(): boolean {
    return (this.is_open || !this.is_answered) && !isNothing(this.credit);
  }

  /** Nothing of it is out, or was lost. */
  get is_over(): boolean {
    return isNothing(this.credit) && isNothing(this.lost);
  }

  heldBy(qos: Qos): Amounts {
    return this.#reservations[qosRank(qos)] ?? NOTHING;
  }

  /** A call was granted so much. */
  grant(qos: Qos, amounts: Amounts, seq: number): void {
    this.#unseen.push({ seq, qos, amounts });
    if (this.#unseen.length > UNSEEN_MAX) {
      // Taken for heard of: until the next sync a call that ended may count for its tier, or one that began as bronze.
      const oldest = this.#unseen.shift();
      if (oldest !== undefined)
        this.#held = { ...this.#held, [oldest.qos]: plus(this.#held[oldest.qos] ?? NOTHING, oldest.amounts) };
    }
    this.give(amounts);
  }

  topUp(amounts: Amounts, seq: number): void {
    if (isNothing(amounts)) return;
    this.topped_seq = seq;
    this.give(amounts);
  }

  give(amounts: Amounts): void {
    this.credit = plus(this.credit, amounts);
    this.#spread();
  }

  /** As a message to the worker says. */
  open(is_open: boolean, seq: number): void {
    if (is_open) this.#opened_seq = seq;
    else if (this.is_open) this.is_answered = false;
    this.is_open = is_open;
  }

  /** The worker says that it admits nothing from it; what was idle is back. */
  closed(heard: number): void {
    if (heard < this.#opened_seq) return;
    this.is_open = false;
    this.is_answered = true;
  }

  /** The worker's credit is so much more, signed, and its calls hold so much. */
  changed(by: Amounts, held: Held, heard: number): void {
    this.credit = least(positive(plus(this.credit, by)), CREDIT_MOST);
    this.#held = held;
    this.#unseen = this.#unseen.filter(({ seq }) => seq > heard);
    this.#spread();
  }

  /** A link begins: it has what its calls hold and nothing else. */
  restart(held: Held): void {
    this.lost = NOTHING;
    this.is_open = false;
    this.is_answered = true;
    this.#opened_seq = 0;
    this.topped_seq = 0;
    this.told = undefined;
    this.#held = held;
    this.#unseen = [];
    this.credit = Object.values(held).reduce(plus, NOTHING);
    this.#spread();
  }

  /** It was not heard of for too long: what it held is free again, and debited until somebody says what was used. */
  lapse(): void {
    this.lost = this.credit;
    this.tell(plus(this.known, this.credit));
    const { lost } = this;
    this.restart({});
    this.lost = lost;
  }

  /** So much was used there in all. */
  tell(used: Amounts): void {
    this.#ledger.charge(this.account, this.day, minus(used, this.known));
    this.known = used;
  }

  #spread(): void {
    let left = this.credit;
    for (const qos of QOS_TIERS) {
      const unseen = this.#unseen.reduce((sum, one) => (one.qos === qos ? plus(sum, one.amounts) : sum), NOTHING);
      const amounts = qos === 'bronze' ? left : least(left, plus(this.#held[qos] ?? NOTHING, unseen));
      left = minus(left, amounts);
      this.#reserve(qos, amounts);
    }
  }

  #reserve(qos: Qos, amounts: Amounts): void {
    const rank = qosRank(qos);
    let reservation = this.#reservations[rank];
    if (isNothing(amounts)) {
      if (reservation !== undefined) this.#ledger.release(reservation);
      this.#reservations[rank] = undefined;
      return;
    }
    if (reservation === undefined) {
      const made = this.#ledger.reserve([this.account], NOTHING, dayStart_ms(this.day), qos);
      // Only an account without limits finds no room in the table.
      if (!made.ok) return;
      reservation = made.reservation;
      this.#reservations[rank] = reservation;
    }
    this.#ledger.restate(reservation, amounts);
  }
}
