import { type AtpError, toAtpError } from '@atp-router/kernel';
import type { CallOutcome, RouterEvent } from '@atp-router/ledger';
import type { CallBooks } from './call-books.ts';
import type { AnswerMeta } from './client.ts';
import type { AdmittedCall, EngineEnv, RunningCall } from './env.ts';
import type { CallFunds } from './funds.ts';

/** How a call ended, and how its client is told; `reply` gets the error of a record that could not be written. */
export interface Ending {
  readonly outcome: CallOutcome;
  readonly error: AtpError | undefined;
  /** An intent is in the journal, which is owed the end. */
  readonly opened: boolean;
  readonly streamed: boolean;
  readonly meta: AnswerMeta;
  /** What else is put on record right behind the end of the call; what it throws keeps nothing from going on. */
  readonly beside?: (() => readonly RouterEvent[]) | undefined;
  reply(failed: AtpError | undefined): void;
}

/**
 * The end of every call, whatever way it took: money, journal, those who repeat it, then the client's last byte. A step
 * that throws keeps none of the others from being gone through.
 */
export class CallEnd {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #funds: CallFunds;
  readonly #books: CallBooks;

  constructor(call: AdmittedCall, env: EngineEnv, funds: CallFunds, books: CallBooks) {
    this.#call = call;
    this.#env = env;
    this.#funds = funds;
    this.#books = books;
  }

  /** Once per call. */
  come(run: RunningCall, ending: Ending): void {
    const { faults, onEnded } = this.#env;
    const unsettled = ending.opened ? faults.safely(() => this.#funds.settle()) : NOTHING_USED;
    // Also what could not be settled: what it cost is in its record, and nothing may stay held.
    if (unsettled !== undefined) faults.safely(() => this.#funds.release());
    faults.safely(() => onEnded(run));
    if (ending.opened) this.#record(ending);
    else this.#refused(ending);
  }

  /** Nothing was ever promised to an upstream. */
  #refused(ending: Ending): void {
    const { faults, log, outcomes } = this.#env;
    const { head, idempotency } = this.#call;
    const { tenant, key_id, endpoint } = head;
    const error = ending.error?.code ?? 'internal_error';
    faults.safely(() => log.append({ type: 'call.refused', tenant, key_id, endpoint, error }));
    if (idempotency !== undefined) faults.safely(() => outcomes.release(idempotency));
    this.#reply(ending, undefined);
  }

  /** The usage record, and when it is written the client's last byte. */
  #record(ending: Ending): void {
    const { ambient, faults, log } = this.#env;
    const { outcome, error, meta, streamed } = ending;
    let sealed: string | undefined;
    faults.safely(() => {
      sealed = this.#books.storeOutcome(outcome, meta, streamed);
    });
    let told = false;
    const tell = (failed?: AtpError): void => {
      if (told) return;
      told = true;
      faults.safely(() => this.#books.tellRepeats(outcome, sealed));
      this.#reply(ending, failed);
    };
    const fault = faults.safely(() => {
      const status = error?.status ?? 200;
      const budget_day = this.#funds.budgetDay(this.#call.head.started_ms);
      log.append(this.#books.endedEvent(outcome, error?.code, status, budget_day, ambient.clock.mono_ms()));
      const { beside } = ending;
      if (beside !== undefined) {
        faults.safely(() => {
          for (const event of beside()) log.append(event);
        });
      }
      log.barrier(tell);
    });
    if (fault !== undefined) tell(toAtpError(fault.thrown));
  }

  #reply(ending: Ending, failed: AtpError | undefined): void {
    const { faults } = this.#env;
    const { sink } = this.#call;
    const unsent = faults.safely(() => ending.reply(failed));
    if (unsent === undefined) return;
    const untold = faults.safely(() => sink.fail(toAtpError(unsent.thrown), ending.meta));
    if (untold !== undefined) faults.safely(() => sink.cut());
  }
}

const NOTHING_USED = { thrown: undefined };
