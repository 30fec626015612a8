/** What a reader of journal files accepts. Checked on each header, before a byte of what it announces is buffered. */
export interface JournalLimits {
  /** The first line of a file. A header of today is below 400 bytes. */
  readonly file_header_bytes: number;
  /** A block's header line: five fields, 64 of its bytes are the chain hash. */
  readonly block_header_bytes: number;
  /** The body of one block. The writer starts a new block long before; this bounds what a damaged length can make a reader allocate. */
  readonly block_bytes: number;
  readonly block_records: number;
}

export const JOURNAL_LIMITS: JournalLimits = {
  file_header_bytes: 1_024,
  block_header_bytes: 160,
  block_bytes: 33_554_432,
  block_records: 1_048_576,
};
