import { closeSync, openSync, readSync } from 'node:fs';
import { AtpError } from '@atp-router/kernel';
import {
  type Block,
  createDecoder,
  type FileHeader,
  findIntactBlock,
  canBeTorn,
  JOURNAL_LIMITS,
  type JournalFault,
  type ResumePoint,
} from '@atp-router/ledger';
import { NODE_DIGESTS } from './digests.ts';

/** Large enough that system calls do not show, small enough to read many files in turn. */
const READ_BYTES = 1_048_576;

export interface ScanEnd {
  /** Absent when the scan resumed behind it, or when the file does not hold a whole one. */
  readonly header?: FileHeader;
  /** End of the last good block. */
  readonly point: ResumePoint;
  /** Bytes after `point` of a block that is not complete. */
  readonly pending_bytes: number;
  readonly fault?: JournalFault;
}

export interface ScanOptions {
  /** Start at this block boundary instead of at the file header. */
  readonly resume?: ResumePoint;
  /** Read up to this offset only; the end of the file otherwise. */
  readonly until?: number;
  /** To read into; one of its own otherwise. */
  readonly buffer?: Uint8Array;
}

/**
 * Reads a journal file block by block, each verified. The body of a block is valid until the next one is asked for.
 * Returns where and why it ended.
 */
export function* scanFile(path: string, options: ScanOptions = {}): Generator<Block, ScanEnd> {
  const { resume, until = Number.MAX_SAFE_INTEGER, buffer } = options;
  const decoder = createDecoder(NODE_DIGESTS, resume);
  const fd = openSync(path, 'r');
  try {
    let at = resume?.offset ?? 0;
    let header: FileHeader | undefined;
    const chunk = buffer ?? new Uint8Array(Math.max(1, Math.min(READ_BYTES, until - at)));
    while (at < until) {
      const read = readSync(fd, chunk, 0, Math.min(chunk.length, until - at), at);
      if (read === 0) break;
      at += read;
      const decoded = decoder.push(chunk.subarray(0, read));
      header ??= decoded.header;
      yield* decoded.blocks;
      if (decoded.fault !== undefined) {
        return { ...(header && { header }), point: decoder.point(), pending_bytes: 0, fault: decoded.fault };
      }
    }
    return { ...(header && { header }), point: decoder.point(), pending_bytes: decoder.pending_bytes() };
  } finally {
    closeSync(fd);
  }
}

/** Reads a file to its end and drops the blocks. */
export function scanToEnd(path: string, each?: (block: Block) => void): ScanEnd {
  const blocks = scanFile(path);
  for (let step = blocks.next(); ; step = blocks.next()) {
    if (step.done === true) return step.value;
    each?.(step.value);
  }
}

/** What follows the last good block of a file. */
export type FileTail =
  | { readonly kind: 'clean' }
  /** The remains of a write that was cut short: safe to cut off. `headless` when not even the file header is whole. */
  | { readonly kind: 'torn'; readonly offset: number; readonly bytes: number; readonly headless: boolean }
  | { readonly kind: 'damaged'; readonly fault: JournalFault };

/** Tells a torn tail from damage; `bytes` is the length of the file. */
export function fileTail(path: string, bytes: number, end: ScanEnd): FileTail {
  const { point, pending_bytes } = end;
  const fault = end.fault ?? (pending_bytes > 0 ? incomplete(point) : undefined);
  const headless = point.offset === 0;
  if (headless && end.fault === undefined && bytes < JOURNAL_LIMITS.file_header_bytes) {
    return { kind: 'torn', offset: 0, bytes, headless };
  }
  if (fault === undefined) return { kind: 'clean' };
  if (headless || !canBeTorn(fault.kind)) return { kind: 'damaged', fault };
  const rest = readRange(path, point.offset, bytes);
  if (findIntactBlock(rest, NODE_DIGESTS) !== -1) return { kind: 'damaged', fault };
  return { kind: 'torn', offset: point.offset, bytes: rest.length, headless };
}

function incomplete(point: ResumePoint): JournalFault {
  return { kind: 'incomplete', offset: point.offset, seq: point.seq + 1, reason: 'the block is cut short' };
}

/** From a fault to the end of a file: at most one segment and one block long. */
function readRange(path: string, from: number, to: number): Uint8Array {
  const rest = Buffer.allocUnsafeSlow(Math.max(0, to - from));
  const fd = openSync(path, 'r');
  try {
    let have = 0;
    while (have < rest.length) {
      const read = readSync(fd, rest, have, rest.length - have, from + have);
      if (read === 0) break;
      have += read;
    }
    return rest.subarray(0, have);
  } finally {
    closeSync(fd);
  }
}

/** For damage that must stop the router: says which file, where and which record. */
export function damageError(path: string, fault: JournalFault): AtpError {
  return new AtpError(
    'config_invalid',
    `The journal file ${path} is damaged at byte ${fault.offset}, record ${fault.seq}: ${fault.reason}. Nothing was changed. Restore the file from a backup, or move the data_dir away to start afresh; docs/operations/journal.md describes both.`,
    { details: { file: path, offset: fault.offset, seq: fault.seq, kind: fault.kind } },
  );
}
