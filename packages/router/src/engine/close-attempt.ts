import type { AttemptRecord, CallOutcome } from '@atp-router/ledger';
import type { Attempt } from './attempt.ts';
import type { CallBooks } from './call-books.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { UpstreamAttemptFailure } from './failures.ts';
import { recordOf, stageSummary } from './records.ts';

/** How an attempt ended: the code of its error, and the whole failure where its upstream is to blame. */
export interface AttemptEnd {
  readonly outcome: CallOutcome;
  readonly error?: string | undefined;
  readonly failure?: UpstreamAttemptFailure | undefined;
}

/**
 * An attempt is over: money, place and health are booked. Journaled by itself unless the call ends with it. `books` have its
 * record before its place is free, which somebody else may get at once, and end the call.
 */
export function closeAttempt(
  attempt: Attempt,
  { outcome, error, failure }: AttemptEnd,
  call: AdmittedCall,
  { ambient, faults, intensity }: EngineEnv,
  books: Pick<CallBooks, 'add'>,
  dispatcher: Dispatcher,
): AttemptRecord {
  const end = { outcome, error, now_mono_ms: ambient.clock.mono_ms(), intensity };
  const record = recordOf(attempt, end, call.started_mono_ms);
  attempt.is_booked = true;
  books.add(record);
  dispatcher.close(attempt, record, failure);
  // A good end is the stages' last word, and theirs to refuse: they hear of it with the last bytes.
  if (outcome !== 'ok') faults.safely(() => attempt.spec.codec.ended?.(stageSummary(record, attempt.committed)));
  return record;
}
