import { isJsonObject } from '@atp-router/kernel';
import { EVENT_VERSION, type JournalRecord } from '../events.ts';
import type { Block } from './decoder.ts';
import type { JournalFault } from './fault.ts';

/**
 * The records of a verified block. Their contents are trusted from here on: checksum and chain say that they are what
 * a router wrote. Types that this version does not know are kept; the readers skip them.
 */
export function parseRecords(block: Block): {
  readonly records: readonly JournalRecord[];
  readonly fault?: JournalFault;
} {
  const text = new TextDecoder().decode(block.body);
  const records: JournalRecord[] = [];
  let at = 0;
  while (at < text.length) {
    const seq = block.first_seq + records.length;
    const newline = text.indexOf('\n', at);
    const record = newline === -1 ? 'a line has no end' : parseRecord(text.slice(at, newline), seq);
    if (typeof record === 'string') return { records, fault: recordFault(block, seq, record) };
    records.push(record);
    at = newline + 1;
  }
  if (records.length !== block.count) {
    const reason = `the block holds ${records.length} records, its header says ${block.count}`;
    return { records, fault: recordFault(block, block.first_seq + records.length, reason) };
  }
  return { records };
}

function recordFault(block: Block, seq: number, reason: string): JournalFault {
  return { kind: 'record', offset: block.offset, seq, reason };
}

function parseRecord(line: string, seq: number): JournalRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'the record is not JSON';
  }
  if (!isJsonObject(value) || typeof value['type'] !== 'string') return 'the record is not an event';
  if (value['seq'] !== seq) return `the record says seq ${JSON.stringify(value['seq'])}`;
  if (typeof value['v'] !== 'number' || value['v'] > EVENT_VERSION) {
    return `event version ${JSON.stringify(value['v'])} is not known to this version, which reads up to ${EVENT_VERSION}`;
  }
  if (typeof value['ts_ms'] !== 'number') return 'the record has no time';
  return value as unknown as JournalRecord;
}
