import type { AtpError, Clock } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import type { JournalIo } from './io.ts';
import type { TornTail } from './segment.ts';

/** A block that is in the file, to its last byte. */
export interface WrittenBlock {
  readonly epoch: number;
  readonly first_seq: number;
  readonly count: number;
  /** Length of the file up to the end of this block. */
  readonly valid_bytes: number;
}

export interface JournalOptions {
  /** Directory of the journal files; made with mode 0700. */
  readonly dir: string;
  readonly node_id: string;
  readonly clock: Clock;
  /**
   * What a barrier waits for. All survive `kill -9`. `always`: also power loss (group fdatasync). `interval`: power loss
   * costs at most about `fsync_interval_ms`. `never`: the system decides.
   */
  readonly fsync: 'always' | 'interval' | 'never';
  readonly fsync_interval_ms: number;
  /** A file that reached this size is followed by the next epoch. */
  readonly segment_bytes: number;
  readonly on_block?: (block: WrittenBlock) => void;
  /**
   * Told at each change: the failure when the journal becomes unwritable (and once more when it is for good), `undefined`
   * when it can be written again.
   */
  readonly on_state?: (failure: AtpError | undefined) => void;
  readonly io?: JournalIo;
}

export type BarrierCallback = (error?: AtpError) => void;

export interface JournalStats {
  readonly epoch: number;
  /** Number of the last appended record in this epoch. */
  readonly seq: number;
  readonly file_bytes: number;
  readonly records_total: number;
  readonly blocks_total: number;
  readonly bytes_total: number;
  readonly syncs_total: number;
  readonly write_errors_total: number;
  /** Records that were dropped because the journal was failed and its memory full. They are lost. */
  readonly lost_records_total: number;
  /** Serialised and not written, in UTF-16 units. */
  readonly pending_chars: number;
  readonly waiting_barriers: number;
}

export interface Journal {
  /** What the start had to cut off, if anything. */
  readonly torn: TornTail | undefined;
  /** Why the journal cannot be written now; new calls must be refused while it is set. */
  readonly failure: AtpError | undefined;
  /** The file that is being written. */
  readonly epoch: number;
  /** Length of that file up to its last whole block. */
  readonly valid_bytes: number;
  /** Serialises the event; it is written with everything else of this turn of the event loop. Returns its number, 0 when it was lost. */
  append(event: RouterEvent): number;
  /** `done` runs once everything appended so far is written (and on the disk with `fsync: 'always'`), or failed to be. */
  barrier(done: BarrierCallback): void;
  /** Writes now instead of at the end of the turn. */
  flushNow(): void;
  /** Writes and syncs what is left. Appending afterwards is a bug. */
  close(): Promise<void>;
  stats(): JournalStats;
}
