/** Neighbouring messages that are not there while a later one is; or a single one that is incomplete. */
export interface Gap {
  from: number;
  to: number;
  /** Live time at which it began: it fails by that (S20, S42). */
  readonly since_t: number;
  /** When it is asked for, or asked for again. */
  due_t: number;
  asks: number;
  /** Whether fragments of it have come; it is a single message then. */
  in_pieces: boolean;
}

/** What a gap that begins now begins with. */
export type GapStart = Pick<Gap, 'since_t' | 'due_t'>;

/**
 * The messages of a lane that are missing, as ranges: one frame with a high number leaves hundreds out, and must not cost as
 * much as hundreds. A message that is treated by itself makes three ranges of one at most.
 */
export class LaneGaps {
  /** Rising; none is empty, and none has a number of another. */
  readonly #ranges: Gap[] = [];
  #count = 0;

  /** How many messages are missing. */
  get count(): number {
    return this.#count;
  }

  get ranges(): readonly Gap[] {
    return this.#ranges;
  }

  /** Numbers of which none is missing yet. */
  add(from: number, to: number, start: GapStart): Gap {
    const gap: Gap = { from, to, ...start, asks: 0, in_pieces: false };
    this.#ranges.splice(this.#at(from), 0, gap);
    this.#count += to - from + 1;
    return gap;
  }

  find(msg_seq: number): Gap | undefined {
    const gap = this.#ranges[this.#at(msg_seq)];
    return gap !== undefined && gap.from <= msg_seq ? gap : undefined;
  }

  /** The gap of a missing message alone, cut out of the range in which it is. */
  single(msg_seq: number): Gap | undefined {
    const gap = this.find(msg_seq);
    if (gap === undefined || gap.from === gap.to) return gap;
    const own: Gap = { ...gap, from: msg_seq, to: msg_seq };
    this.#put(gap, own);
    return own;
  }

  /** The message is not missing any more. */
  take(msg_seq: number): boolean {
    const gap = this.find(msg_seq);
    if (gap === undefined) return false;
    this.#count -= 1;
    // From the front, as most are: what is left stays the same range.
    if (msg_seq === gap.from && gap.from < gap.to) gap.from += 1;
    else this.#put(gap, undefined, msg_seq);
    return true;
  }

  /** In place of the range what it has on both sides of one number, and what is put there. */
  #put(gap: Gap, own: Gap | undefined, msg_seq: number = own?.from ?? gap.from): void {
    const parts: Gap[] = [];
    if (gap.from < msg_seq) parts.push({ ...gap, to: msg_seq - 1 });
    if (own !== undefined) parts.push(own);
    if (msg_seq < gap.to) parts.push({ ...gap, from: msg_seq + 1 });
    this.#ranges.splice(this.#at(gap.from), 1, ...parts);
  }

  /** Index of the first range that does not end below the number. */
  #at(msg_seq: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as Gap).to < msg_seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
