import type { IdempotencyRef } from '@atp-router/ledger';

/** An answer as it is kept for a repeated request: enough to send the same bytes again. */
export interface StoredOutcome {
  readonly stream: boolean;
  readonly model: string;
  readonly cost_usd_micros: number;
  readonly attempts: number;
  /** The answer was made up by the simulator. */
  readonly simulated?: true;
  readonly body: Uint8Array;
}

/** Seals outcomes of idempotent calls and tells those who wait for one. */
export interface OutcomeStore {
  /** Encrypts an outcome for the journal. */
  seal(outcome: StoredOutcome): string;
  /** The call is over: whoever waits for it gets the sealed outcome, or the news that there is none to replay. */
  complete(ref: IdempotencyRef, call_id: string, sealed: string | undefined, expires_ms: number): void;
  /** The call ended before anything could be billed: the key is free again. */
  release(ref: IdempotencyRef): void;
}
