import { qosRank } from '@atp-router/kernel';
import type { Arrival } from '../load/format.ts';

/** Calls of one tier in the order in which they came. */
interface Line {
  calls: Arrival[];
  /** What is before it has left. */
  head: number;
}

/** Calls that wait for the window: by tier, then by arrival, as the router's queues have it. */
export class Waiting {
  readonly #lines: readonly [Line, Line, Line] = [newLine(), newLine(), newLine()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(arrival: Arrival): void {
    this.#lines[qosRank(arrival.qos)].calls.push(arrival);
    this.#size += 1;
  }

  /** When the one that has waited longest came; Infinity when none waits. */
  oldest_ms(): number {
    return Math.min(...this.#lines.map(({ calls, head }) => calls[head]?.at_ms ?? Number.POSITIVE_INFINITY));
  }

  /** The next by tier. */
  take(): Arrival | undefined {
    return this.#takeFrom(this.#lines.find(({ calls, head }) => head < calls.length));
  }

  /** One that has waited so long. */
  takeWaited(wait_ms: number, now_ms: number): Arrival | undefined {
    const waited = ({ calls, head }: Line): boolean =>
      (calls[head]?.at_ms ?? Number.POSITIVE_INFINITY) + wait_ms <= now_ms;
    return this.#takeFrom(this.#lines.find(waited));
  }

  #takeFrom(line: Line | undefined): Arrival | undefined {
    const arrival = line?.calls[line.head];
    if (line === undefined || arrival === undefined) return undefined;
    line.head += 1;
    this.#size -= 1;
    // The part that has left is let go once it is the larger one.
    if (line.head * 2 > line.calls.length) {
      line.calls = line.calls.slice(line.head);
      line.head = 0;
    }
    return arrival;
  }
}

function newLine(): Line {
  return { calls: [], head: 0 };
}
