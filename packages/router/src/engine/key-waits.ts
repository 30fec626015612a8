import type { AtpError } from '@atp-router/kernel';
import type { IdempotencyRef } from '@atp-router/ledger';
import { claimWithin } from './claim-within.ts';
import type { Faults } from './faults.ts';
import type { Claim, IdempotencyKeys } from './idempotency.ts';
import type { Ambient } from './ports.ts';
import type { CallRequest } from './request.ts';

/** Requests whose idempotency key is being looked up, or whose first call still runs. They count as calls in flight. */
export class KeyWaits {
  readonly #keys: IdempotencyKeys;
  readonly #ambient: Ambient;
  readonly #faults: Faults;
  readonly #waits: Set<(error: AtpError) => void> = new Set();

  constructor(keys: IdempotencyKeys, ambient: Ambient, faults: Faults) {
    this.#keys = keys;
    this.#ambient = ambient;
    this.#faults = faults;
  }

  get size(): number {
    return this.#waits.size;
  }

  /** Calls `done` once, later, with what is known of the key then; `over` after that. */
  wait(
    request: CallRequest,
    ref: IdempotencyRef,
    expires_ms: number,
    done: (claim: Claim) => void,
    over: () => void,
  ): void {
    const giveUp = claimWithin(request, ref, expires_ms, this.#keys, this.#ambient, (claim) => {
      this.#waits.delete(giveUp);
      this.#faults.safely(() => done(claim));
      this.#faults.safely(over);
    });
    this.#waits.add(giveUp);
  }

  /** Ends all waits. */
  abortAll(error: AtpError): void {
    for (const giveUp of [...this.#waits]) giveUp(error);
  }
}
