import type { Amounts, Denial } from '../amounts.ts';
import type { DayTotal, Recovered, Standing, WorkerMessage } from './messages.ts';
import type { CreditOptions } from './options.ts';
import type { LimitsOf } from './worker-books.ts';
import type { CreditTicket } from './worker-ticket.ts';

export type WorkerEffect<T> =
  | { readonly kind: 'send'; readonly message: WorkerMessage }
  /** It waited, and is granted or refused, as its state says. */
  | { readonly kind: 'decided'; readonly ticket: CreditTicket<T> }
  /** What a call that runs had asked for: it has it, or not. */
  | {
      readonly kind: 'grown' | 'not_grown';
      readonly ticket: CreditTicket<T>;
      readonly part: number;
      readonly by: Amounts;
      readonly denial?: Denial | undefined;
    }
  /** What others have of an account has changed. */
  | { readonly kind: 'standing'; readonly standing: Standing }
  /** Somebody of a better tier needs what it has at an account: it is to end soon. */
  | { readonly kind: 'stop'; readonly ticket: CreditTicket<T>; readonly account: string };

/** Granted or refused already, or waiting, as the ticket's state says. */
export interface Requested<T> {
  readonly ticket: CreditTicket<T>;
  readonly effects: readonly WorkerEffect<T>[];
}

/** `asked`: what becomes of it is told by an effect. `denied`: too many ask already. */
export interface Grown<T> {
  readonly answer: 'granted' | 'asked' | 'denied';
  readonly effects: readonly WorkerEffect<T>[];
}

export interface WorkerSetup {
  readonly worker: string;
  /** Higher for each start under this name; only the latest is alive. */
  readonly incarnation: number;
  readonly limitsOf: LimitsOf;
  /** What earlier incarnations used, as the journal tells. */
  readonly recovered?: readonly Recovered[];
  /** What all of them used, as their one journal tells: it is this one's from now on. Instead of `recovered`. */
  readonly inherited?: readonly DayTotal[] | undefined;
  readonly options?: Partial<CreditOptions>;
}

/** What its worker is told of others. */
export function toldOf<T>(standings: readonly Standing[]): readonly WorkerEffect<T>[] {
  return standings.map((standing) => ({ kind: 'standing', standing }));
}
