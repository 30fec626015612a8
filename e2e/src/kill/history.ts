import { isDeepStrictEqual } from 'node:util';
import type { Usage } from '@atp-router/kernel';
import type { AttemptIntent, AttemptRecord, CallEnded, CallOpened, JournalRecord } from '@atp-router/ledger';

/** What the last progress record of an attempt says. */
export interface Progress {
  readonly out_tokens: number;
  readonly reported?: Usage | undefined;
}

export const NO_PROGRESS: Progress = { out_tokens: 0 };

/** All that a journal says of one call, in the order in which it says it. */
export interface CallHistory {
  readonly opened: CallOpened;
  readonly intents: AttemptIntent[];
  /** By attempt. */
  readonly progress: Map<number, Progress>;
  /** Ends that were recorded while the call was running. */
  readonly closed: AttemptRecord[];
  ended?: CallEnded;
}

export interface Histories {
  readonly calls: readonly CallHistory[];
  /** Records that belong to no call, or come after its end. */
  readonly problems: readonly string[];
}

export function historiesOf(records: readonly JournalRecord[]): Histories {
  const calls = new Map<string, CallHistory>();
  const problems: string[] = [];
  for (const record of records) {
    if (!('call_id' in record)) continue;
    const call = calls.get(record.call_id);
    if (record.type === 'call.opened') {
      // A second one is a problem of the books.
      const intents = [...(call?.intents ?? []), record.attempt];
      calls.set(record.call_id, { opened: record, intents, progress: new Map(), closed: [] });
    } else if (record.type !== 'idempotency.stored') {
      if (call === undefined) problems.push(`${record.call_id}: ${record.type} without a beginning`);
      else if (call.ended !== undefined) problems.push(`${record.call_id}: ${record.type} after its end`);
      else problems.push(...follow(call, record));
    }
  }
  return { calls: [...calls.values()], problems };
}

function follow(call: CallHistory, record: JournalRecord): string[] {
  if (record.type === 'attempt.started') call.intents.push(record.attempt);
  else if (record.type === 'attempt.ended') call.closed.push(record.attempt);
  else if (record.type === 'call.ended') call.ended = record;
  else if (record.type === 'attempt.progress') {
    const { n, out_tokens, call_id, reported } = record;
    const before = call.progress.get(n) ?? NO_PROGRESS;
    call.progress.set(n, { out_tokens, reported });
    // One that tells of no more output tells of what the provider reported.
    const is_news = out_tokens > before.out_tokens || !isDeepStrictEqual(reported, before.reported);
    if (!is_news || out_tokens < before.out_tokens)
      return [`${call_id}: progress of attempt ${n} goes from ${before.out_tokens} to ${out_tokens}`];
    if (call.closed.some((attempt) => attempt.n === n)) return [`${call_id}: progress of attempt ${n} after its end`];
  }
  return [];
}
