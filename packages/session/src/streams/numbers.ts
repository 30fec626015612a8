import { INT_MAX } from '@atp-router/wire';

/** Stream numbers (S1) as in QUIC (RFC 9000 §2.1): parity says who opens, order says what is closed. */

export const SESSION_STREAM = '0';

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** The number of a stream id, or nothing when it is none. */
export function streamNumber(stream_id: string): number | undefined {
  if (!DECIMAL.test(stream_id)) return undefined;
  const number = Number(stream_id);
  return number <= INT_MAX ? number : undefined;
}

/** Which of the numbers that an end opens have been opened: those below `next`, but for the unseen ones. */
export class OpenedNumbers {
  next: number;
  /** Below `next`, and nothing has come of them: frames on connections overtake each other. */
  readonly unseen: Set<number>;

  constructor(next: number, unseen: Iterable<number> = []) {
    this.next = next;
    this.unseen = new Set(unseen);
  }

  /** How many further streams would be open or awaited if this one came. */
  growth(number: number): number {
    if (number < this.next) return 0;
    return (number - this.next) / 2 + 1;
  }

  /** Whether it is new; from then on it is not. */
  see(number: number): boolean {
    if (number < this.next) return this.unseen.delete(number);
    for (let between = this.next; between < number; between += 2) this.unseen.add(between);
    this.next = number + 2;
    return true;
  }

  isNew(number: number): boolean {
    return number >= this.next || this.unseen.has(number);
  }
}
