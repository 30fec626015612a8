import type { LaneAnswer } from '../answer.ts';
import type { Member } from '../plan.ts';
import { Lane, type ReadAnswer } from './lane.ts';
import type { CancelReason } from './types.ts';

/** The lanes of one session: those of its plan, in their order, and those that came in addition. */
export class Lanes {
  readonly #lanes: Lane[];
  readonly #reorder_max: number;
  #dispatched = 0;

  constructor(members: readonly Member[], reorder_max: number) {
    this.#reorder_max = reorder_max;
    this.#lanes = members.map((member, lane) => new Lane(lane, member, reorder_max));
  }

  get all(): readonly Lane[] {
    return this.#lanes;
  }

  at(lane: number): Lane | undefined {
    return this.#lanes[lane];
  }

  /** Those that may still answer, also those that have not begun. */
  open(): readonly Lane[] {
    return this.#lanes.filter(({ is_open }) => is_open);
  }

  /** The next to begin, as many as may run at once beside those that do. */
  next(width: number): readonly Lane[] {
    let running = 0;
    for (let i = 0; i < this.#dispatched; i += 1) if (this.#lanes[i]?.is_open) running += 1;
    const from = this.#dispatched;
    this.#dispatched = Math.min(this.#lanes.length, from + Math.max(0, width - running));
    return this.#lanes.slice(from, this.#dispatched);
  }

  /** One more, which begins at once; those that have not begun never will. */
  add(member: Member): Lane {
    const lane = new Lane(this.#lanes.length, member, this.#reorder_max);
    this.#lanes.push(lane);
    this.#dispatched = this.#lanes.length;
    return lane;
  }

  answers(is_heard: (member: Member) => boolean): readonly LaneAnswer[] {
    return this.#lanes.flatMap(({ answer, member }) => (answer !== undefined && is_heard(member) ? [answer] : []));
  }

  /** What open lanes have said so far counts as their answer. */
  keepPartial(read: ReadAnswer): void {
    for (const lane of this.#lanes) if (lane.is_open) lane.keepPartial(read);
  }

  /** Ends all that are open; returns those that had begun. */
  stop(reason: CancelReason): readonly Lane[] {
    return this.#lanes.filter((lane, i) => {
      const has_begun = i < this.#dispatched;
      const is_running = lane.is_open && has_begun;
      lane.cancelled(reason, has_begun);
      return is_running;
    });
  }
}
