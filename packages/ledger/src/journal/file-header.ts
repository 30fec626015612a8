import { isJsonObject } from '@atp-router/kernel';
import type { Digests } from './digests.ts';

export const JOURNAL_FORMAT = 1;

/** The predecessor's chain hash in the very first file of a data directory. */
export const NO_CHAIN: string = '0'.repeat(64);

/** The first line of a journal file. It says whose records follow, so that the records need not repeat it. */
export interface FileHeader {
  readonly format: typeof JOURNAL_FORMAT;
  readonly node_id: string;
  /** One file is one epoch; epochs of a node rise by one from 1. */
  readonly epoch: number;
  /** 0 in the first file. */
  readonly prev_epoch: number;
  /** Chain hash at the end of the previous file, so that a removed or replaced file shows. */
  readonly prev_hash: string;
  readonly created_ms: number;
}

export function encodeFileHeader(header: FileHeader): string {
  const { format, node_id, epoch, prev_epoch, prev_hash, created_ms } = header;
  return `${JSON.stringify({ format, node_id, epoch, prev_epoch, prev_hash, created_ms })}\n`;
}

/** Reads the header line (without its newline); a string is the reason why it is not one. */
export function parseFileHeader(line: Uint8Array): FileHeader | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(line));
  } catch {
    return 'the first line is not JSON';
  }
  if (!isJsonObject(value)) return 'the first line is not a JSON object';
  const { format, node_id, epoch, prev_epoch, prev_hash, created_ms } = value;
  if (format !== JOURNAL_FORMAT) return `format ${JSON.stringify(format)} is not known to this version, which reads 1`;
  if (typeof node_id !== 'string' || node_id === '') return 'node_id is missing';
  if (!isCount(epoch) || epoch < 1) return 'epoch is not a positive integer';
  if (!isCount(prev_epoch) || prev_epoch >= epoch) return 'prev_epoch is not an integer below epoch';
  if (typeof prev_hash !== 'string' || !/^[0-9a-f]{64}$/.test(prev_hash)) return 'prev_hash is not a SHA-256';
  if (!isCount(created_ms)) return 'created_ms is not a time';
  return { format, node_id, epoch, prev_epoch, prev_hash, created_ms };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Where the chain of a file starts: the hash of its header line, which holds the hash of the previous file. */
export function firstChain(header_line: Uint8Array, digests: Digests): string {
  return digests.sha256Hex('', header_line);
}

/** What the header of the next file has to name. */
export interface FileEnd {
  readonly epoch: number;
  readonly chain: string;
}

/** Why `header` does not continue the file that ended like this; `undefined` when it does. */
export function linkFault(header: FileHeader, node_id: string, before: FileEnd): string | undefined {
  if (header.node_id !== node_id) return `the file belongs to node "${header.node_id}", not to "${node_id}"`;
  if (header.prev_epoch !== before.epoch) {
    return `the file continues epoch ${header.prev_epoch}, but epoch ${before.epoch} is the one before it`;
  }
  if (header.prev_hash !== before.chain) return `the file does not continue the hash chain of epoch ${before.epoch}`;
  return undefined;
}
