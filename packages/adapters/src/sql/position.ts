/** How far the tables follow the journal: the end of a block. */
export interface ProjectionPosition {
  readonly epoch: number;
  /** Last applied record of the epoch; 0 at its start. */
  readonly seq: number;
  /** Byte offset in the file of the epoch; 0 while nothing of it was read. */
  readonly offset: number;
  readonly chain: string;
}
