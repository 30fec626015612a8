/**
 * What is wrong with a journal file. `crc`, `block_header`, `limit` and `incomplete` are what a torn last write looks
 * like; `chain`, `sequence` and `record` never are: the bytes of the block are whole, but they are not what was written.
 */
export type FaultKind =
  | 'file_header'
  | 'block_header'
  | 'limit'
  | 'incomplete'
  | 'crc'
  | 'chain'
  | 'sequence'
  | 'record';

export interface JournalFault {
  readonly kind: FaultKind;
  /** Byte offset in the file of the line or block that is at fault. */
  readonly offset: number;
  /** The record number that should have come next. */
  readonly seq: number;
  readonly reason: string;
}

/** Whether a write that was cut short can have left this behind. Only then may the end of a file be cut off. */
export function canBeTorn(kind: FaultKind): boolean {
  return kind === 'crc' || kind === 'block_header' || kind === 'limit' || kind === 'incomplete';
}
