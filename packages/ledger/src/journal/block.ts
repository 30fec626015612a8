import type { Digests } from './digests.ts';
import type { JournalLimits } from './limits.ts';

/** The header line of a block as text: `#<first_seq> <count> <bytes> <crc32> <chain>`. */
export interface BlockHeader {
  readonly first_seq: number;
  readonly count: number;
  /** Length of the body, which starts right after the header's newline. */
  readonly bytes: number;
  readonly crc32: number;
  readonly chain: string;
  /** What `blockFields` makes of the numbers: there is only one way to write them. */
  readonly fields: string;
}

/** The fields that the chain covers, in the form in which both the header line and the hash use them. */
export function blockFields(first_seq: number, count: number, bytes: number, crc32: number): string {
  return `${first_seq} ${count} ${bytes} ${hex16(crc32 >>> 16)}${hex16(crc32 & 0xffff)}`;
}

/** In halves, because numbers of more than 31 bits are turned into text by floating point division. */
function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

/** chain = SHA-256(previous chain as hex ‖ fields ‖ body). */
export function nextChain(prev_chain: string, fields: string, body: Uint8Array, digests: Digests): string {
  return digests.sha256Hex(prev_chain + fields, body);
}

export interface BlockInput {
  readonly prev_chain: string;
  readonly first_seq: number;
  readonly count: number;
  /** NDJSON: each record one line, each line ended by a newline. */
  readonly body: Uint8Array;
}

/** The header line that goes before `body`, and the chain hash that the next block builds on. */
export function encodeBlock(input: BlockInput, digests: Digests): { readonly line: string; readonly chain: string } {
  const fields = blockFields(input.first_seq, input.count, input.body.length, digests.crc32(input.body));
  const chain = nextChain(input.prev_chain, fields, input.body, digests);
  return { line: `#${fields} ${chain}\n`, chain };
}

// Strict on purpose: one spelling per number and lower-case hex, so that every flipped bit of a header changes its meaning.
const HEADER = /^#([1-9][0-9]{0,15}) ([1-9][0-9]{0,9}) ([1-9][0-9]{0,9}) ([0-9a-f]{8}) ([0-9a-f]{64})$/;
const CHAIN_CHARS = 64;
const TEXT = new TextDecoder();

/** Reads a header line without its newline. `undefined` when it is no header, a string when it passes a limit. */
export function parseBlockHeader(line: Uint8Array, limits: JournalLimits): BlockHeader | string | undefined {
  const text = TEXT.decode(line);
  const match = HEADER.exec(text);
  if (match === null) return undefined;
  const first_seq = Number(match[1]);
  const count = Number(match[2]);
  const bytes = Number(match[3]);
  if (!Number.isSafeInteger(first_seq + count)) return 'the record number is not a safe integer';
  if (bytes > limits.block_bytes) return `the block announces ${bytes} bytes; at most ${limits.block_bytes} are read`;
  if (count > limits.block_records)
    return `the block announces ${count} records; at most ${limits.block_records} are read`;
  const fields = text.slice(1, -CHAIN_CHARS - 1);
  return { first_seq, count, bytes, crc32: Number.parseInt(match[4] ?? '', 16), chain: match[5] ?? '', fields };
}
