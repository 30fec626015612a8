import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  type Block,
  createDecoder,
  type Digests,
  EVENT_VERSION,
  encodeBlock,
  encodeFileHeader,
  firstChain,
  type JournalFault,
  type JournalRecord,
  NO_CHAIN,
} from '../../src/index.ts';
import { sampleStream, type TimedEvent } from '../../src/testing/index.ts';

export const digests: Digests = {
  crc32: (bytes) => crc32(bytes),
  sha256Hex: (prefix, bytes) => createHash('sha256').update(prefix, 'latin1').update(bytes).digest('hex'),
};

export function toRecords(events: readonly TimedEvent[]): JournalRecord[] {
  return events.map(({ event, ts_ms }, i) => ({ v: EVENT_VERSION, seq: i + 1, ts_ms, ...event }));
}

/** Cuts a list into runs of the given sizes, over and over; sizes below 1 count as 1. */
export function runs<T>(list: readonly T[], sizes: readonly number[]): T[][] {
  const out: T[][] = [];
  for (let at = 0, i = 0; at < list.length; i += 1) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    out.push(list.slice(at, at + size));
    at += size;
  }
  return out;
}

/** A journal file as bytes, and where each of its blocks ends. */
export function buildFile(blocks: readonly (readonly JournalRecord[])[]): { bytes: Uint8Array; ends: number[] } {
  const header = encodeFileHeader({
    format: 1,
    node_id: 'n1',
    epoch: 1,
    prev_epoch: 0,
    prev_hash: NO_CHAIN,
    created_ms: 1,
  });
  const parts = [Buffer.from(header)];
  const ends: number[] = [];
  let prev_chain = firstChain(Buffer.from(header.slice(0, -1)), digests);
  let size = parts[0]?.length ?? 0;
  for (const records of blocks) {
    const body = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const first_seq = records[0]?.seq ?? 0;
    const { line, chain } = encodeBlock({ prev_chain, first_seq, count: records.length, body }, digests);
    parts.push(Buffer.from(line), body);
    size += line.length + body.length;
    ends.push(size);
    prev_chain = chain;
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), ends };
}

export function sampleFile(seed: number, steps: number, sizes: readonly number[]): ReturnType<typeof buildFile> {
  return buildFile(runs(toRecords(sampleStream(seed, steps)), sizes));
}

export interface ReadAll {
  readonly blocks: Block[];
  readonly fault: JournalFault | undefined;
  readonly pending_bytes: number;
  readonly offset: number;
}

export function readAll(chunks: Iterable<Uint8Array>): ReadAll {
  const decoder = createDecoder(digests);
  const blocks: Block[] = [];
  let fault: JournalFault | undefined;
  for (const chunk of chunks) {
    const decoded = decoder.push(chunk);
    blocks.push(...decoded.blocks.map((block) => ({ ...block, body: block.body.slice() })));
    fault = decoded.fault;
  }
  return { blocks, fault, pending_bytes: decoder.pending_bytes(), offset: decoder.point().offset };
}
