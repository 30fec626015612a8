import { closeSync, openSync, readSync } from 'node:fs';
import {
  createDecoder,
  type FileHeader,
  JOURNAL_LIMITS,
  type JournalFault,
  type ResumePoint,
} from '@atp-router/ledger';
import { NODE_DIGESTS } from './digests.ts';

/** Reads the first line of a file: who wrote it, and the point where its blocks start. */
export function readFileHeader(
  path: string,
): { readonly header: FileHeader; readonly point: ResumePoint } | JournalFault {
  const bytes = Buffer.alloc(JOURNAL_LIMITS.file_header_bytes + 1);
  const fd = openSync(path, 'r');
  let read: number;
  try {
    read = readSync(fd, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(fd);
  }
  const decoder = createDecoder(NODE_DIGESTS);
  const end = bytes.subarray(0, read).indexOf(10) + 1;
  const { header, fault } = decoder.push(bytes.subarray(0, end));
  if (header !== undefined) return { header, point: decoder.point() };
  return fault ?? { kind: 'file_header', offset: 0, seq: 1, reason: 'the file has no whole header line' };
}
