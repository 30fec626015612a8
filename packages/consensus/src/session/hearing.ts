import { unreachable } from '@atp-router/kernel';
import type { Lane, ReadAnswer } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Times } from './timeline.ts';
import type { SessionEffect, SessionEvent } from './types.ts';

export type LaneEvent = Extract<SessionEvent, { readonly lane: number }>;

/** `said`: there is more of an answer; `over`: a lane has ended, one way or another. */
export type Heard = 'nothing' | 'said' | 'over';

/** Takes what lanes say, each in its order, until their answers are complete. */
export class Hearing {
  readonly #lanes: Lanes;
  readonly #read: ReadAnswer;
  readonly #times: Times;
  readonly #arrival: number[] = [];

  constructor(lanes: Lanes, read: ReadAnswer, times: Times) {
    this.#lanes = lanes;
    this.#read = read;
    this.#times = times;
  }

  /** Lanes in the order in which their answers were complete. */
  get arrival(): readonly number[] {
    return this.#arrival;
  }

  /** How far it has come. */
  get stage(): 'dispatched' | 'streaming' | 'buffering' {
    if (this.#arrival.length > 0) return 'buffering';
    return this.#times.first_piece_ms === undefined ? 'dispatched' : 'streaming';
  }

  hear(event: LaneEvent, now_ms: number, effects: SessionEffect[]): Heard {
    const lane = this.#lanes.at(event.lane);
    if (lane === undefined || !lane.is_open) return 'nothing';
    switch (event.type) {
      case 'admitted':
        lane.admitted();
        return 'nothing';
      case 'restarted':
        lane.restarted();
        return 'nothing';
      case 'piece':
        return this.#piece(lane, event.seq, event.text, now_ms, effects);
      case 'final':
        lane.final(event.pieces, event.is_cut);
        return this.#complete(lane, now_ms) ? 'over' : 'nothing';
      case 'rejected':
        lane.rejected(event.error);
        return 'over';
      case 'failed':
        lane.failed(event.error);
        return 'over';
      default:
        return unreachable(event);
    }
  }

  #piece(lane: Lane, seq: number, text: string, now_ms: number, effects: SessionEffect[]): Heard {
    const flow = lane.piece(seq, text);
    this.#times.first_piece_ms ??= now_ms;
    if (flow === 'broken') {
      lane.failed({ code: 'upstream_error', message: 'The lane sent far more out of its order than may wait.' });
      effects.push({ type: 'cancel', lane: lane.lane, reason: 'aborted' });
      return 'over';
    }
    if (flow !== 'none') effects.push({ type: flow, lane: lane.lane });
    return this.#complete(lane, now_ms) ? 'over' : 'said';
  }

  #complete(lane: Lane, now_ms: number): boolean {
    if (!lane.complete(this.#read)) return false;
    this.#arrival.push(lane.lane);
    this.#times.first_final_ms ??= now_ms;
    return true;
  }
}
