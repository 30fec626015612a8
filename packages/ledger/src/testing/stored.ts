import type { JournalRecord } from '../events.ts';
import { RecordEncoder } from '../journal/encode.ts';
import { type StoredRecord, storedRecords } from '../journal/records.ts';

/** Records as a projection gets them from a journal: through their text. */
export function storedSample(records: readonly JournalRecord[]): readonly StoredRecord[] {
  const encoder = new RecordEncoder();
  const lines = records.map(({ v: _v, seq, ts_ms, ...event }) => encoder.encode(event, seq, ts_ms));
  const first_seq = records[0]?.seq ?? 1;
  const block = { first_seq, count: lines.length, offset: 0, end_offset: 0, chain: '' };
  const stored = storedRecords({ ...block, body: new TextEncoder().encode(lines.join('')) });
  if (stored.fault !== undefined) throw new Error(stored.fault.reason);
  return stored.records;
}
