import { INT_MAX, type Lane } from '@atp-router/wire';
import type { StoredChange, StoredRange } from '../contract.ts';

/** Stream numbers (S1) as in QUIC (RFC 9000 §2.1): parity says who opens, order says what is closed. */

/** The session's own stream. */
export const SESSION_STREAM = '0';

/** The lane of a stream that names no persona and no clone. */
export function mainLane(stream_id: string): Lane {
  return { stream_id, persona_id: '', clone_id: '' };
}

export function isMainLane({ persona_id, clone_id }: Lane): boolean {
  return persona_id === '' && clone_id === '';
}

/** The main lane of the session's own stream. */
export const SESSION_LANE: Lane = mainLane(SESSION_STREAM);

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** The number of a stream id, or nothing when it is none. */
export function streamNumber(stream_id: string): number | undefined {
  if (!DECIMAL.test(stream_id)) return undefined;
  const number = Number(stream_id);
  return number <= INT_MAX ? number : undefined;
}

/**
 * Which of the numbers that an end opens have been opened: those below `next`, but for the unseen ones. These are kept as
 * ranges: a number that leaves others out makes one, and one that comes late makes two of one at most, so that each costs
 * the same to save, however many there are.
 */
export class OpenedNumbers {
  next: number;
  /** Rising. Below `next`, and nothing has come of them: frames on connections overtake each other. */
  readonly #ranges: StoredRange[] = [];
  readonly #changed: (change: StoredChange) => void;
  #unseen = 0;

  constructor(next: number, changed: (change: StoredChange) => void = () => undefined) {
    this.next = next;
    this.#changed = changed;
  }

  /** How many numbers below `next` are unseen. */
  get unseen(): number {
    return this.#unseen;
  }

  get ranges(): readonly StoredRange[] {
    return this.#ranges;
  }

  restore(next: number, ranges: readonly StoredRange[]): void {
    this.next = next;
    for (const range of [...ranges].sort((left, right) => left.from - right.from)) this.#add(range);
  }

  /** How many further streams would be open or awaited if this one came. */
  growth(number: number): number {
    if (number < this.next) return 0;
    return (number - this.next) / 2 + 1;
  }

  /** Whether it is new; from then on it is not. */
  see(number: number): boolean {
    if (number < this.next) return this.#seeLate(number);
    if (number > this.next) {
      const range = { from: this.next, to: number - 2 };
      this.#add(range);
      this.#changed({ put: 'unseen', value: range });
    }
    this.next = number + 2;
    return true;
  }

  isNew(number: number): boolean {
    return number >= this.next || this.isUnseen(number);
  }

  isUnseen(number: number): boolean {
    return this.#find(number) !== undefined;
  }

  #add(range: StoredRange): void {
    this.#ranges.push(range);
    this.#unseen += (range.to - range.from) / 2 + 1;
  }

  #seeLate(number: number): boolean {
    const at = this.#find(number);
    const range = at === undefined ? undefined : this.#ranges[at];
    if (at === undefined || range === undefined) return false;
    const { from, to } = range;
    const rest: StoredRange[] = [];
    if (number > from) rest.push({ from, to: number - 2 });
    else this.#changed({ drop: 'unseen', from });
    if (number < to) rest.push({ from: number + 2, to });
    for (const value of rest) this.#changed({ put: 'unseen', value });
    this.#ranges.splice(at, 1, ...rest);
    this.#unseen -= 1;
    return true;
  }

  /** Index of the range that has the number. */
  #find(number: number): number | undefined {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { from, to } = this.#ranges[middle] as StoredRange;
      if (number < from) high = middle - 1;
      else if (number > to) low = middle + 1;
      else return middle;
    }
    return undefined;
  }
}
