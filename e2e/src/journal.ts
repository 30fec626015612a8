import { join } from 'node:path';
import { listFiles, scanFile, verifyJournal } from '@atp-router/adapters';
import { type CallEnded, type CallOpened, type JournalRecord, parseRecords } from '@atp-router/ledger';

/** Every record of a router's journal, oldest first. Throws when the journal is damaged. */
export function readJournal(data_dir: string): JournalRecord[] {
  const dir = join(data_dir, 'journal');
  const report = verifyJournal(dir);
  if (!report.ok) throw new Error(`damaged journal: ${JSON.stringify(report.problems)}`);
  const records: JournalRecord[] = [];
  for (const file of listFiles(dir)) {
    // A block's bytes are valid until the next one is asked for.
    for (const block of scanFile(file.path)) records.push(...parseRecords(block).records);
  }
  return records;
}

export interface Books {
  readonly opened: ReadonlyMap<string, CallOpened>;
  readonly ended: ReadonlyMap<string, CallEnded>;
  /** What is wrong with them; empty when every call that was opened has exactly one end and the sums hold. */
  readonly problems: readonly string[];
}

/** Calls of a journal, and whether each has exactly one usage record whose sums are right. */
export function booksOf(records: readonly JournalRecord[]): Books {
  const opened = new Map<string, CallOpened>();
  const ended = new Map<string, CallEnded>();
  const problems: string[] = [];
  for (const record of records) {
    if (record.type === 'call.opened') {
      if (opened.has(record.call_id)) problems.push(`${record.call_id} was opened twice`);
      opened.set(record.call_id, record);
    } else if (record.type === 'call.ended') {
      if (!opened.has(record.call_id)) problems.push(`${record.call_id} ended and was never opened`);
      if (ended.has(record.call_id)) problems.push(`${record.call_id} ended twice`);
      ended.set(record.call_id, record);
      problems.push(...sumProblems(record));
    }
  }
  for (const id of opened.keys()) if (!ended.has(id)) problems.push(`${id} was opened and never ended`);
  return { opened, ended, problems };
}

function sumProblems(record: CallEnded): string[] {
  const { attempts, usage, cost_usd_nanos, call_id } = record;
  const sum = (pick: (a: CallEnded['attempts'][number]) => number): number => attempts.reduce((s, a) => s + pick(a), 0);
  const problems: string[] = [];
  if (sum((a) => a.cost_usd_nanos) !== cost_usd_nanos)
    problems.push(`${call_id}: the cost is not the sum of its attempts`);
  if (sum((a) => a.usage.in_tokens) !== usage.in_tokens) problems.push(`${call_id}: in_tokens are not the sum`);
  if (sum((a) => a.usage.out_tokens) !== usage.out_tokens) problems.push(`${call_id}: out_tokens are not the sum`);
  return problems;
}
