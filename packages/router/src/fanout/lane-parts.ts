import type { CallBooks } from '../engine/call-books.ts';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import type { CallFunds } from '../engine/funds.ts';
import type { Intents } from '../engine/intents.ts';

/** What the lanes of one call share. */
export interface LaneParts {
  readonly call: AdmittedCall;
  readonly env: EngineEnv;
  readonly funds: CallFunds;
  readonly intents: Intents;
  readonly books: CallBooks;
  /** Attempts of all lanes are counted together. */
  nextAttempt(): number;
}
