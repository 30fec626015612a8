import type { Amounts, Denial, FlowDemand, Part, Pool, QueueOptions, Reservation, Ticket } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';

/** Whoever asked for something, and is told what becomes of it. Each is called at most once. */
export interface Holder {
  /** It waited: the ticket's state says what for. */
  decided(ticket: GateTicket): void;
  /** Somebody of a better tier needs what it has at an account: it is to end soon. */
  preempted(account: string): void;
  /** It was not heard of for so long that what it held was taken from it. */
  lapsed(): void;
}

export type GateTicket = Ticket<Holder>;

/** Told what happens in the queues, for metrics and the log. Must not throw. */
export interface FlowWatch {
  decided(ticket: GateTicket, mono_ms: number): void;
  preempted(ticket: GateTicket): void;
  lapsed(ticket: GateTicket): void;
  marked(account: string, is_high: boolean): void;
  starving(qos: Qos, tenant: string): void;
  /** A window was narrowed by a sign of congestion. */
  congested(sign: string): void;
}

/** Where calls ask for funds and places. What a ticket or a reservation is given to is the gate that it came from. */
export interface Gate {
  /** For as long as there is a gate. */
  listen(watch: Partial<FlowWatch>): void;
  /** Granted or refused at once, or waits, as the ticket's state says. */
  request(demand: FlowDemand<Holder>): GateTicket;
  /** One that waits asks for something else from now on. */
  replace(ticket: GateTicket, parts: readonly Part[]): void;
  settle(ticket: GateTicket, part: number, actual: Amounts): void;
  release(ticket: GateTicket, part: number): void;
  /**
   * Returns what refuses growth; less always fits. `onRefused` is told later where others have to be asked: the holder goes on
   * until then as if it had it.
   */
  adjust(reservation: Reservation, amounts: Amounts, onRefused?: (denial: Denial) => void): Denial | undefined;
  /** Its holder lives. */
  renew(ticket: GateTicket): void;
  /** Leaves the queue; nothing for one that is decided. */
  cancel(ticket: GateTicket): void;
  /** Limits of an account, or of any, have changed. */
  wake(account?: string): void;
  /** Calls that may wait in all; those that do already stay. */
  setMaxWaiting(most: number): void;
  configure(account: string, options: QueueOptions | undefined): void;
  /** How long one had better wait before asking an account again that has just refused it; undefined when nothing is known. */
  wait_ms(account: string, qos: Qos): number | undefined;
  /** Calls in flight and waiting at an account. */
  load(account: string): { readonly in_flight: number; readonly waiting: number };
  readonly here: Here;
  waiting(qos: Qos): number;
  waitingOf(tenant: string): number;
  /** Queues of accounts in which somebody waits, or waited lately. */
  pools(): Iterable<PoolView>;
  jain(qos: Qos): number;
  /** When the next patience or lease ends. */
  readonly due_mono_ms: number | undefined;
  /** Nobody waits or holds anything any more. */
  rest(): void;
}

/**
 * The part of the books that is of this process, where they have what other processes hold and have used, too. Over all
 * processes each of these adds up to what there is.
 */
export interface Here {
  /** What its calls hold at an account, of one tier or of all. */
  held(account: string, qos?: Qos): Amounts;
  /** What its calls have used of an account on a day (days since the Unix epoch), and those before it in its journal. */
  used(account: string, day: number): Amounts;
}

/** A queue as it is shown, whoever waits in it. */
export type PoolView = Pick<Pool<unknown>, 'account' | 'has_shares' | 'shares' | 'mark'> & {
  readonly queue: Pick<Pool<unknown>['queue'], 'size' | 'waiting'>;
};
