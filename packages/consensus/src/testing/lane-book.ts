import type { FanoutPlan } from '../plan.ts';
import type { LaneEvent } from '../session/hearing.ts';
import type { CancelReason, LaneView } from '../session/types.ts';

/** Says what is wrong, in words. */
export type Broken = (what: string) => void;

/** What a lane counts for once it is over: `in_part` is what it had said when time was up. */
export interface HeardLane {
  readonly lane: number;
  readonly text: string;
  readonly is_whole: boolean;
}

/** One lane by what was told of it, without a look at what the session makes of that. */
class LaneRecord {
  readonly pieces: Map<number, string> = new Map();
  text = '';
  next = 0;
  most: number | undefined;
  is_at_work = true;
  is_paused = false;
  heard: 'no' | 'whole' | 'in_part' = 'no';

  /** Pieces that wait for an earlier one. */
  get waiting(): number {
    return this.pieces.size - this.next;
  }

  piece(seq: number, text: string): void {
    if ((this.most !== undefined && seq >= this.most) || this.pieces.has(seq)) return;
    this.pieces.set(seq, text);
    for (let own = this.pieces.get(this.next); own !== undefined; own = this.pieces.get(this.next)) {
      this.text += own;
      this.next += 1;
    }
  }

  restarted(): void {
    this.pieces.clear();
    this.text = '';
    this.next = 0;
    this.most = undefined;
    this.is_paused = false;
  }
}

/** Lanes as a caller sees them: who is at work, what was said, who has to be held back. */
export class LaneBook {
  readonly #plan: FanoutPlan;
  readonly #broken: Broken;
  readonly #lanes: Map<number, LaneRecord> = new Map();
  /** How often a lane was held back. */
  paused = 0;

  constructor(plan: FanoutPlan, broken: Broken) {
    this.#plan = plan;
    this.#broken = broken;
  }

  get begun(): number {
    return this.#lanes.size;
  }

  get at_work(): number {
    return [...this.#lanes.values()].filter(({ is_at_work }) => is_at_work).length;
  }

  /** Lanes that may be at work at once, beside one that begins early. */
  get width(): number {
    return this.#plan.width ?? this.#plan.members.length;
  }

  get #most(): number {
    return this.width + (this.#plan.late_ms === undefined ? 0 : 1);
  }

  heard(): readonly HeardLane[] {
    return [...this.#lanes]
      .filter(([, { heard }]) => heard !== 'no')
      .map(([lane, { text, heard }]) => ({ lane, text, is_whole: heard === 'whole' }));
  }

  hears(event: LaneEvent): void {
    const lane = this.#lanes.get(event.lane);
    if (lane?.is_at_work !== true) return;
    if (event.type === 'piece') lane.piece(event.seq, event.text);
    if (event.type === 'restarted') lane.restarted();
    if (event.type === 'final') lane.most = event.pieces;
    if (event.type === 'failed' || event.type === 'rejected') lane.is_at_work = false;
    if (lane.most === undefined || lane.next < lane.most) return;
    lane.is_at_work = false;
    lane.heard = 'whole';
  }

  begins(lane: number): void {
    if (this.#lanes.has(lane)) this.#broken(`lane ${lane} is begun twice`);
    else this.#lanes.set(lane, new LaneRecord());
    if (this.at_work > this.#most) this.#broken(`${this.at_work} lanes are at work, of ${this.#most} that may be`);
  }

  stops(lane: number, reason: CancelReason): void {
    const record = this.#lanes.get(lane);
    if (record === undefined) this.#broken(`lane ${lane} is stopped before it has begun`);
    else if (!record.is_at_work) this.#broken(`lane ${lane} is stopped when it is over`);
    else {
      record.is_at_work = false;
      if (reason === 'deadline' && record.text.trim() !== '') record.heard = 'in_part';
    }
  }

  holds(lane: number, is_paused: boolean): void {
    const record = this.#lanes.get(lane);
    // The piece with which a lane is over may be the one that lets it go.
    const is_over = record?.is_at_work !== true && is_paused;
    if (record === undefined || is_over || record.is_paused === is_paused) {
      this.#broken(`lane ${lane} is ${is_paused ? 'held back' : 'let go'} out of place`);
    } else record.is_paused = is_paused;
    if (is_paused) this.paused += 1;
  }

  /** Nothing more comes of an event. */
  settled(): void {
    const { reorder_max } = this.#plan;
    for (const [lane, { is_at_work, is_paused, waiting }] of this.#lanes) {
      if (!is_at_work) continue;
      if (is_paused !== waiting >= reorder_max)
        this.#broken(`lane ${lane} is ${is_paused ? '' : 'not '}held back with ${waiting} pieces that wait`);
      if (waiting > 2 * reorder_max) this.#broken(`lane ${lane} may have ${waiting} pieces wait`);
    }
  }

  ended(views: readonly LaneView[]): void {
    for (const { lane, member, phase, answer, text } of views) {
      const record = this.#lanes.get(lane);
      const is_open = phase.kind === 'streaming' || phase.kind === 'paused' || phase.kind === 'admitted';
      if (is_open || (phase.kind === 'init' && record !== undefined))
        this.#broken(`lane ${lane} is left ${phase.kind}`);
      if (record?.is_at_work === true) this.#broken(`lane ${lane} is left at work`);
      if (text !== (record?.text ?? '')) this.#broken(`lane ${lane} has said another text`);
      const said = record === undefined || record.heard === 'no' ? undefined : record.text;
      if (answer?.text !== said) this.#broken(`lane ${lane} has another answer than was said`);
      if (answer?.is_partial === false && record?.heard !== 'whole') this.#broken(`lane ${lane} is whole too early`);
      if (answer !== undefined && answer.source !== member.source) this.#broken(`lane ${lane} speaks for another`);
    }
  }
}
