import { AtpError, type Clock, isAtpError, type Timers } from '@atp-router/kernel';

/** After a question ran out of time, others are refused at once for so long instead of piling up behind it. */
const REST_MS = 1_000;
const RETRY_MS = 1_000;

/** Asks the store within a bounded time, so that no call waits for a database that has gone silent. */
export class Reach {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #answer_ms: number;
  #rests_until_mono_ms = 0;

  constructor(clock: Clock, timers: Timers, answer_ms: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#answer_ms = answer_ms;
  }

  /**
   * Rejects with an `AtpError` when the store fails or does not answer in time. What was asked may have been done all
   * the same; `late` gets an answer that comes when nobody waits for it any more.
   */
  async ask<T>(question: () => Promise<T>, late: (answer: T) => void = ignore): Promise<T> {
    if (this.#clock.mono_ms() < this.#rests_until_mono_ms)
      throw outOfReach('it did not answer a moment ago', undefined);
    const answer = question();
    try {
      return await this.#inTime(answer);
    } catch (error) {
      answer.then(late, ignore);
      if (isAtpError(error)) throw error;
      throw outOfReach(reasonOf(error), error);
    }
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#timers.after(this.#answer_ms, () => {
        this.#rests_until_mono_ms = this.#clock.mono_ms() + REST_MS;
        reject(outOfReach(`no answer within ${this.#answer_ms} ms`, undefined));
      });
      answer.then(resolve, reject).finally(() => timer.cancel());
    });
  }
}

function ignore(): void {
  // Nobody waits for it.
}

/** The code of a system or SQL error; its text may hold addresses and is only kept as the cause. */
export function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'it failed';
}

function outOfReach(reason: string, cause: unknown): AtpError {
  return new AtpError(
    'internal_error',
    `The database that routers share cannot be reached (${reason}), so daily budgets and idempotency keys cannot be checked. Retry soon.`,
    { status: 503, retry_after_ms: RETRY_MS, cause },
  );
}
