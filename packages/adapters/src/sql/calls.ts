import {
  type AttemptRow,
  attemptRows,
  type CallEnded,
  type JournalRecord,
  type RecordKey,
  recordOf,
  type UsageRow,
  usageRow,
} from '@atp-router/ledger';
import type { SqlRow } from './driver.ts';

/** What has to be selected of a row of `calls` to read it. */
export const CALL_SELECT = 'node_id, epoch, record';

type EndRecord = Extract<JournalRecord, { type: 'call.ended' }>;

function endRecord(row: SqlRow): EndRecord {
  const record = recordOf(String(row['record']));
  if (record.type !== 'call.ended') throw new Error(`the table of calls holds a ${record.type}`);
  return record;
}

function keyOf(row: SqlRow, { seq }: EndRecord): RecordKey {
  return { node_id: String(row['node_id']), epoch: Number(row['epoch']), seq };
}

export function callOf(row: SqlRow): CallEnded {
  return endRecord(row);
}

export function usageOf(row: SqlRow): UsageRow {
  const record = endRecord(row);
  return usageRow(record, record.ts_ms, keyOf(row, record));
}

/** In order. */
export function attemptsOf(row: SqlRow): AttemptRow[] {
  const record = endRecord(row);
  return attemptRows(record, keyOf(row, record)).sort((a, b) => a.n - b.n);
}
