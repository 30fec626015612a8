import type { FollowUp, SessionEffect, SessionEvent } from '@atp-router/consensus';
import type { KeptStep } from './kept-session.ts';

/** Steps of one session: a few for each lane and each question, of which there are some dozens at most. */
const STEPS_MAX = 1_024;

/** When what happened to a lane, ms after the start of the session. */
export interface LaneTimes {
  admitted_ms?: number;
  first_piece_ms?: number;
  ended_ms?: number;
}

export interface AskedTimes {
  readonly ask: FollowUp;
  readonly asked_ms: number;
  ended_ms?: number;
  source?: string;
  refused_code?: string;
}

/** What a session was told and what it wanted, as far as records and repetitions need it. */
export class SessionLog {
  readonly #started_ms: number;
  readonly lanes: Map<number, LaneTimes> = new Map();
  readonly asked: Map<string, AskedTimes> = new Map();
  readonly steps: KeptStep[] = [];
  steps_cut = false;
  provisional = 0;
  /** What the session ended with, in words. */
  failure: string | undefined;

  constructor(started_ms: number) {
    this.#started_ms = started_ms;
  }

  /** Before the session is told. */
  told(event: SessionEvent, now_ms: number): void {
    const at_ms = this.#since(now_ms);
    switch (event.type) {
      case 'piece':
        this.#lane(event.lane).first_piece_ms ??= at_ms;
        break;
      case 'admitted':
        // Again with each attempt: the first counts.
        if (this.#lane(event.lane).admitted_ms !== undefined) break;
        this.#lane(event.lane).admitted_ms = at_ms;
        this.#step({ at_ms, type: 'admitted', lane: event.lane });
        break;
      case 'final':
        this.#lane(event.lane).ended_ms ??= at_ms;
        this.#step({ at_ms, type: 'final', lane: event.lane, is_cut: event.is_cut });
        break;
      case 'failed':
      case 'rejected':
        this.#lane(event.lane).ended_ms ??= at_ms;
        this.#step({ at_ms, type: event.type, lane: event.lane, error: event.error.code });
        break;
      case 'follow_up':
        this.#answered(event.id, event.source, at_ms);
        break;
      case 'timer':
        this.#step({ at_ms, type: 'timer', timer: event.timer });
        break;
      case 'start':
      case 'restarted':
      case 'abort':
        break;
    }
  }

  /** Before it is done. */
  did(effect: SessionEffect, now_ms: number): void {
    const at_ms = this.#since(now_ms);
    if (effect.type === 'ask') this.asked.set(effect.ask.id, { ask: effect.ask, asked_ms: at_ms });
    else if (effect.type === 'cancel') this.#lane(effect.lane).ended_ms ??= at_ms;
    else if (effect.type === 'provisional') this.provisional += 1;
    else if (effect.type === 'fail') this.failure = effect.error.message;
  }

  refused(id: string, code: string): void {
    const asked = this.asked.get(id);
    if (asked !== undefined) asked.refused_code = code;
  }

  #answered(id: string, source: string, at_ms: number): void {
    const asked = this.asked.get(id);
    if (asked === undefined || asked.ended_ms !== undefined) return;
    asked.ended_ms = at_ms;
    asked.source = source;
    this.#step({ at_ms, type: 'follow_up', id });
  }

  #lane(lane: number): LaneTimes {
    let times = this.lanes.get(lane);
    if (times === undefined) {
      times = {};
      this.lanes.set(lane, times);
    }
    return times;
  }

  #step(step: KeptStep): void {
    if (this.steps.length < STEPS_MAX) this.steps.push(step);
    else this.steps_cut = true;
  }

  #since(now_ms: number): number {
    return Math.round((now_ms - this.#started_ms) * 10) / 10;
  }
}
