import type { AttemptIntent, AttemptRecord, CallEnded, CallOpened, JournalRecord } from '@atp-router/ledger';

/** All that a journal says of one call, in the order in which it says it. */
export interface CallHistory {
  readonly opened: CallOpened;
  readonly intents: AttemptIntent[];
  /** Output tokens of the last progress record, by attempt. */
  readonly progress: Map<number, number>;
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
    const { n, out_tokens, call_id } = record;
    const before = call.progress.get(n) ?? 0;
    call.progress.set(n, out_tokens);
    if (out_tokens <= before) return [`${call_id}: progress of attempt ${n} goes from ${before} to ${out_tokens}`];
    if (call.closed.some((attempt) => attempt.n === n)) return [`${call_id}: progress of attempt ${n} after its end`];
  }
  return [];
}
