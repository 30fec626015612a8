import { hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSealer } from '@atp-router/adapters';
import type { ObservedRecord } from '@atp-router/routing';
import { FILE_HEAD, openBlock } from './block.ts';
import { byAge, parseSegment, type SegmentName } from './segment-name.ts';

/** A file as it is on the disk. */
export interface SegmentFile extends SegmentName {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly mtime_ms: number;
}

export interface SegmentContent {
  readonly records: readonly ObservedRecord[];
  /** Records of another version. */
  readonly other_versions: number;
  /** Records that are none. */
  readonly broken: number;
  /** The file ends within a block, or a block cannot be opened: what comes behind is not read. */
  readonly is_torn: boolean;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
}

/** The oldest first. */
export async function listSegments(dir: string): Promise<readonly SegmentFile[]> {
  const names = await readdir(dir).catch(nothingThere<string[]>([]));
  const files: SegmentFile[] = [];
  for (const name of names) {
    const parsed = parseSegment(name);
    if (parsed === undefined) continue;
    const path = join(dir, name);
    // It may have gone, or been closed, meanwhile.
    const found = await stat(path).catch(nothingThere(undefined));
    if (found?.isFile() === true) files.push({ ...parsed, name, path, bytes: found.size, mtime_ms: found.mtimeMs });
  }
  return files.sort(byAge);
}

/** What a file has, block by block, so that others have their turn between them. Undefined: it has gone. */
export async function readSegment(path: string, sealer: DataSealer): Promise<SegmentContent | undefined> {
  const bytes = await readFile(path).catch(nothingThere(undefined));
  if (bytes === undefined) return undefined;
  const sha256 = hash('sha256', bytes, 'hex');
  const text = bytes.toString('latin1');
  const counts = { version: 0, form: 0 };
  const records: ObservedRecord[] = [];
  const done = (is_torn: boolean): SegmentContent => ({
    ...{ records, other_versions: counts.version, broken: counts.form, is_torn, sha256 },
  });
  if (!text.startsWith(FILE_HEAD)) {
    if (isOtherVersion(text)) counts.version += 1;
    return done(true);
  }
  let at = FILE_HEAD.length;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    if (end < 0) return done(true);
    const read = await openBlock(text.slice(at, end), sealer);
    if (read === undefined) return done(true);
    for (const one of read) {
      if (one.kind === 'record') records.push(one.record);
      else counts[one.reason] += 1;
    }
    at = end + 1;
  }
  return done(false);
}

/** A whole head, of a later version of the same. */
function isOtherVersion(text: string): boolean {
  const head = text.slice(0, 256).split('\n')[0] ?? '';
  return /^\{"format":"atp-observations","v":(?!1\})\d/.test(head);
}

export function nothingThere<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
