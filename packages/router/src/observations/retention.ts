import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nothingThere, type SegmentFile } from './segment-reader.ts';

const DAY_MS = 86_400_000;

export interface Kept {
  readonly retention_days: number;
  readonly max_bytes: number;
}

/** Of files, the oldest first: those that are to go, by the age of what they begin with and then by the bytes of all. */
export function expired(
  files: readonly SegmentFile[],
  { retention_days, max_bytes }: Kept,
  now_ms: number,
): SegmentFile[] {
  const too_old = files.filter(({ from_ms }) => now_ms - from_ms > retention_days * DAY_MS);
  let bytes = files.slice(too_old.length).reduce((sum, file) => sum + file.bytes, 0);
  const too_many = files.slice(too_old.length).filter(({ is_open, bytes: own }) => {
    if (is_open || bytes <= max_bytes) return false;
    bytes -= own;
    return true;
  });
  return [...too_old, ...too_many];
}

/** Behind the name of a file that is written anew. */
export const DRAFT = '.tmp';

/** Removes what a crash has left of files that were written anew: it has words, too. `before_ms`: those last changed before; 0: all. */
export async function removeDrafts(dir: string, before_ms: number): Promise<void> {
  for (const name of await readdir(dir).catch(nothingThere<string[]>([]))) {
    if (!name.endsWith(DRAFT)) continue;
    const found = await stat(join(dir, name)).catch(nothingThere(undefined));
    if (found !== undefined && (before_ms === 0 || found.mtimeMs < before_ms))
      await rm(join(dir, name), { force: true });
  }
}

/** Several processes may do it at once: they come to the same. */
export async function remove(files: readonly SegmentFile[]): Promise<void> {
  for (const { path } of files) await rm(path).catch(nothingThere(undefined));
}
