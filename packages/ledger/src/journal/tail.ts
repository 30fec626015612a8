import { type BlockHeader, parseBlockHeader } from './block.ts';
import type { Digests } from './digests.ts';
import { JOURNAL_LIMITS, type JournalLimits } from './limits.ts';

const HASH = 35;
const NEWLINE = 10;

/**
 * Looks behind a fault for a block that is whole. A write that was cut short leaves none: then the end of the file is
 * torn and may be cut off. If there is one, the damage lies inside the file and cutting would lose good records.
 *
 * `rest` is everything from the fault to the end of the file. Returns the index in `rest` of the first whole block
 * after the fault, or -1.
 */
export function findIntactBlock(rest: Uint8Array, digests: Digests, limits: JournalLimits = JOURNAL_LIMITS): number {
  // Records are JSON lines, so `#` is rare in them; each candidate must still parse as a header and match its checksum.
  for (let at = rest.indexOf(HASH, 1); at !== -1; at = rest.indexOf(HASH, at + 1)) {
    const newline = rest.subarray(at, at + limits.block_header_bytes + 1).indexOf(NEWLINE);
    if (newline === -1) continue;
    const header = parseBlockHeader(rest.subarray(at, at + newline), limits);
    if (typeof header === 'object' && bodyMatches(header, rest.subarray(at + newline + 1), digests)) return at;
  }
  return -1;
}

function bodyMatches(header: BlockHeader, after: Uint8Array, digests: Digests): boolean {
  return after.length >= header.bytes && digests.crc32(after.subarray(0, header.bytes)) === header.crc32;
}
