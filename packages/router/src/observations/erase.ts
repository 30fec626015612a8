import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataSealer } from '@atp-router/adapters';
import type { ObservedRecord } from '@atp-router/routing';
import { FILE_HEAD, sealBlock } from './block.ts';
import { DRAFT, removeDrafts } from './retention.ts';
import { segmentFile } from './segment-name.ts';
import { listSegments, nothingThere, readSegment, type SegmentFile } from './segment-reader.ts';

/** Of one tenant, or of one request of whomever. */
export type Erasure = { readonly tenant: string } | { readonly request_id: string };

export interface Erased {
  readonly observations: number;
  readonly words: number;
  /** Files that were written anew, or removed. */
  readonly segments: number;
  /** Files that cannot be read to their end, or at all: what may be there is left. */
  readonly unreadable: number;
}

/** Records of a block that is written anew. */
const BLOCK_RECORDS = 32;

/**
 * Takes records out of all files that no process writes to: those are `living`, which have closed theirs before. A file is
 * replaced whole, so that a crash leaves the old or the new one.
 */
export async function erase(
  dir: string,
  sealer: DataSealer,
  what: Erasure,
  living: ReadonlySet<string>,
): Promise<Erased> {
  let [observations, words, segments, unreadable] = [0, 0, 0, 0];
  await removeDrafts(dir, 0);
  for (const file of await listSegments(dir)) {
    if (file.is_open && living.has(file.node)) continue;
    const content = await readSegment(file.path, sealer);
    if (content === undefined) continue;
    if (content.is_torn || content.other_versions > 0) unreadable += 1;
    const left = content.records.filter((record) => !isOf(record, what));
    const gone = content.records.length - left.length;
    if (gone === 0) continue;
    observations += content.records.filter((one) => one.kind === 'observation' && isOf(one, what)).length;
    segments += 1;
    words += gone;
    await replace(file, left, sealer);
  }
  return { observations, words: words - observations, segments, unreadable };
}

function isOf(record: ObservedRecord, what: Erasure): boolean {
  return 'tenant' in what ? record.tenant === what.tenant : record.request_id === what.request_id;
}

async function replace(file: SegmentFile, records: readonly ObservedRecord[], sealer: DataSealer): Promise<void> {
  const { path } = file;
  if (records.length > 0) {
    const draft = `${path}${DRAFT}`;
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.appendFile(FILE_HEAD, 'latin1');
      for (let at = 0; at < records.length; at += BLOCK_RECORDS) {
        await handle.appendFile(await sealBlock(records.slice(at, at + BLOCK_RECORDS), sealer), 'latin1');
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, join(dirname(path), segmentFile({ ...file, is_open: false })));
  }
  if (records.length === 0 || file.is_open) await rm(path).catch(nothingThere(undefined));
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
}
