import type { Batch } from './batch.ts';

/** A block is closed once it holds this much: memory stays flat, and the readers' limit is far away. */
const BLOCK_CHARS = 1_048_576;

/** What is kept for later while the disk is full: the ends of all calls that may be in flight. */
const PENDING_CHARS_MAX = 67_108_864;

/**
 * What a record is worth while the disk is full. `account`: who used what, which must not be lost. `answer`: a stored
 * answer, large and of use for a day. `news`: counted and shown, but nothing is settled by it.
 */
export type Worth = 'account' | 'answer' | 'news';

/** How full the memory may be for each: there is always room for ends, whatever else happens meanwhile. */
const ROOM: Readonly<Record<Worth, number>> = {
  account: PENDING_CHARS_MAX,
  answer: PENDING_CHARS_MAX / 2,
  news: PENDING_CHARS_MAX / 4,
};

/** Records that are numbered and serialised but not written. More than one batch only while writing fails. */
export class PendingRecords {
  #seq = 0;
  #chars = 0;
  #batches: Batch[] = [];

  /** Number of the last record of the epoch. */
  get seq(): number {
    return this.#seq;
  }

  /** In UTF-16 units. */
  get chars(): number {
    return this.#chars;
  }

  /** Enough for a block of its own: better written now than at the end of the turn. */
  get large(): boolean {
    return this.#chars >= BLOCK_CHARS;
  }

  fits(text: string, worth: Worth): boolean {
    return this.#chars + text.length <= ROOM[worth];
  }

  /** `text` is the line of the record with number `seq + 1`. */
  add(text: string): void {
    this.#seq += 1;
    this.#chars += text.length;
    const last = this.#batches.at(-1);
    if (last === undefined || last.text.length >= BLOCK_CHARS) {
      this.#batches.push({ first_seq: this.#seq, count: 1, text });
    } else {
      last.text += text;
      last.count += 1;
    }
  }

  first(): Batch | undefined {
    return this.#batches[0];
  }

  /** The first batch is written. */
  dropFirst(): void {
    this.#chars -= this.#batches.shift()?.text.length ?? 0;
  }

  /** A new epoch numbers its records from 1. Only when nothing is pending. */
  startEpoch(): void {
    this.#seq = 0;
  }
}
