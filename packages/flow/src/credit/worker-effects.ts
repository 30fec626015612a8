import type { Amounts, Denial } from '../amounts.ts';
import type { Recovered, WorkerMessage } from './messages.ts';
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
  /** Somebody of a better tier needs what it has at an account: it is to end soon. */
  | { readonly kind: 'stop'; readonly ticket: CreditTicket<T>; readonly account: string };

export interface WorkerSetup {
  readonly worker: string;
  /** Higher for each start under this name; only the latest is alive. */
  readonly incarnation: number;
  readonly limitsOf: LimitsOf;
  /** What earlier incarnations used, as the journal tells. */
  readonly recovered?: readonly Recovered[];
  readonly options?: Partial<CreditOptions>;
}
