import { AssertionError, isJsonObject } from '@atp-router/kernel';
import { EVENT_VERSION, type JournalRecord } from '../events.ts';
import type { Block } from './decoder.ts';
import type { JournalFault } from './fault.ts';
import { type PlainEnd, plainEnd } from './plain-end.ts';
import { fillIn } from './shorten.ts';

/** How `RecordEncoder` begins the first record of a call, behind its time. */
const OPENED = '"type":"call.opened","call_id":"';
const CLAIM = '"idempotency":';
const TEXT = new TextDecoder();

/**
 * A record as a projection takes it, parsed no further than needed. Most calls end within the batch that opened them, and
 * then nobody wants to know more of their first record than which call it opened.
 */
export type StoredRecord =
  /** A `call.opened` that means nothing else (it claims no idempotency key). */
  | { readonly kind: 'opened'; readonly seq: number; readonly call_id: string; readonly text: string }
  /** A `call.ended` with one attempt and no idempotency key. */
  | { readonly kind: 'ended'; readonly seq: number; readonly end: PlainEnd; readonly text: string }
  | { readonly kind: 'parsed'; readonly seq: number; readonly record: JournalRecord; readonly text: string };

/** The records of a verified block, as far as they have to be parsed; `text` is the line of each, without its newline. */
export function storedRecords(block: Block): {
  readonly records: readonly StoredRecord[];
  readonly fault?: JournalFault;
} {
  return readLines(block, (line, seq) => {
    const call_id = openedCall(line, seq);
    if (call_id !== undefined) return { kind: 'opened', seq, call_id, text: line };
    const end = plainEnd(line, seq);
    if (end !== undefined) return { kind: 'ended', seq, end, text: line };
    const record = parseRecord(line, seq);
    return typeof record === 'string' ? record : { kind: 'parsed', seq, record, text: line };
  });
}

/**
 * The records of a verified block. Their contents are trusted from here on: checksum and chain say that they are what
 * a router wrote. Types that this version does not know are kept; the readers skip them.
 */
export function parseRecords(block: Block): {
  readonly records: readonly JournalRecord[];
  readonly fault?: JournalFault;
} {
  return readLines(block, parseRecord);
}

/** The record of a line that was found good before: of a `StoredRecord`, or kept in a table. */
export function recordOf(text: string): JournalRecord {
  const record = parseRecord(text);
  if (typeof record === 'string') throw new AssertionError(`a record that was read before is damaged: ${record}`);
  return record;
}

function readLines<T>(
  block: Block,
  read: (line: string, seq: number) => T | string,
): { readonly records: readonly T[]; readonly fault?: JournalFault } {
  const text = TEXT.decode(block.body);
  const records: T[] = [];
  for (let at = 0; at < text.length; ) {
    const seq = block.first_seq + records.length;
    const newline = text.indexOf('\n', at);
    const record = newline === -1 ? 'a line has no end' : read(text.slice(at, newline), seq);
    if (typeof record === 'string') return { records, fault: recordFault(block, seq, record) };
    records.push(record);
    at = newline + 1;
  }
  if (records.length === block.count) return { records };
  const reason = `the block holds ${records.length} records, its header says ${block.count}`;
  return { records, fault: recordFault(block, block.first_seq + records.length, reason) };
}

function recordFault(block: Block, seq: number, reason: string): JournalFault {
  return { kind: 'record', offset: block.offset, seq, reason };
}

/** Which call a line opens, if it does nothing else and is written as the encoder writes it. */
function openedCall(line: string, seq: number): string | undefined {
  const head = `{"v":${EVENT_VERSION},"seq":${seq},"ts_ms":`;
  if (!line.startsWith(head)) return undefined;
  const at = line.indexOf(',', head.length) + 1;
  if (!line.startsWith(OPENED, at)) return undefined;
  const from = at + OPENED.length;
  const call_id = line.slice(from, line.indexOf('"', from));
  return call_id.includes('\\') || line.includes(CLAIM) ? undefined : call_id;
}

function parseRecord(line: string, seq?: number): JournalRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'the record is not JSON';
  }
  if (!isJsonObject(value) || typeof value['type'] !== 'string') return 'the record is not an event';
  if (seq !== undefined && value['seq'] !== seq) return `the record says seq ${JSON.stringify(value['seq'])}`;
  if (typeof value['v'] !== 'number' || value['v'] > EVENT_VERSION) {
    return `event version ${JSON.stringify(value['v'])} is not known to this version, which reads up to ${EVENT_VERSION}`;
  }
  if (typeof value['ts_ms'] !== 'number') return 'the record has no time';
  try {
    fillIn(value['type'], value);
  } catch {
    return `the record is no ${value['type']}`;
  }
  return value as unknown as JournalRecord;
}
