import type { AtpError } from '@atp-router/kernel';
import type { Attempt } from './attempt.ts';
import { refOf } from './call-books.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { CallFunds } from './funds.ts';
import { intentOf, openedEvent } from './records.ts';

/** What a call promises to the journal: the first of its attempts opens it, whoever of its lanes that is of. */
export class Intents {
  readonly #call: AdmittedCall;
  readonly #log: EngineEnv['log'];
  readonly #funds: CallFunds;
  #opened = false;

  constructor(call: AdmittedCall, log: EngineEnv['log'], funds: CallFunds) {
    this.#call = call;
    this.#log = log;
    this.#funds = funds;
  }

  /** True once an intent is in the journal: the call then owes it an end. */
  get opened(): boolean {
    return this.#opened;
  }

  /** The intent is on its way to the disk before the upstream sees a byte. */
  promise(attempt: Attempt, reserved_usd_nanos: number, done: (error: AtpError | undefined) => void): void {
    const { head, idempotency } = this.#call;
    const intent = intentOf(attempt, reserved_usd_nanos);
    if (this.#opened) this.#log.append({ type: 'attempt.started', call_id: head.call_id, attempt: intent });
    else {
      const budget_day = this.#funds.budgetDay(head.started_ms);
      this.#log.append(openedEvent(head, budget_day, idempotency && refOf(idempotency), intent));
      this.#opened = true;
    }
    this.#log.barrier(done);
  }
}
