import { type Frame, hasFlag, type Window } from '@atp-router/wire';
import { SESSION_LIMITS } from '../limits.ts';
import { otherSide, SIDES, type Side } from './network.ts';

/** What is to be known of an end to judge when it tells its window. */
export interface WindowView {
  now_ms(): number;
  /** Its milliseconds in a true one. */
  rate(side: Side): number;
  /** True time since which its handshake is done; undefined without. */
  establishedMs(side: Side): number | undefined;
}

interface Own {
  current: Window;
  changed_ms: number;
  told: Window | undefined;
  told_ms: number;
  /** Numbers of the hellos that had it. */
  readonly answers: Set<number>;
}

const MEMBERS = ['max_parallel', 'max_tokens', 'max_usd_micros'] as const;
/** What timers may be late by. */
const SLACK_MS = 2;

/** Whether windows are told as of S24: large changes at once, small ones within the interval and not more often. */
export class WindowBook {
  readonly #view: WindowView;
  readonly #broken: (what: string) => void;
  readonly #own: Record<Side, Own>;
  readonly #heard: Partial<Record<Side, Window>> = {};

  constructor(first: Window, view: WindowView, broken: (what: string) => void) {
    this.#view = view;
    this.#broken = broken;
    const own = (): Own => ({
      ...{ current: first, changed_ms: 0, told: undefined, told_ms: Number.NEGATIVE_INFINITY },
      answers: new Set(),
    });
    this.#own = { client: own(), server: own() };
  }

  set(side: Side, window: Window): void {
    const own = this.#own[side];
    this.overdue(side);
    if (!isSame(own.current, window)) own.changed_ms = this.#view.now_ms();
    own.current = window;
  }

  /** After a crash, the window that was kept. */
  restarted(side: Side, kept: Window): void {
    const own = this.#own[side];
    own.current = kept;
    own.told = undefined;
    own.changed_ms = this.#view.now_ms();
  }

  /** Whether the other end should know by now. */
  overdue(side: Side): void {
    const { current, changed_ms, told, told_ms } = this.#own[side];
    const established_ms = this.#view.establishedMs(side);
    if (established_ms === undefined || (told !== undefined && isSame(current, told))) return;
    const since_ms = Math.max(changed_ms, established_ms);
    const interval_ms = SESSION_LIMITS.window_interval_ms / this.#view.rate(side);
    const due_ms = told === undefined || isLarge(told, current) ? since_ms : Math.max(since_ms, told_ms + interval_ms);
    const late_ms = this.#view.now_ms() - due_ms;
    if (late_ms > SLACK_MS) this.#broken(`${side} has not told its window for ${Math.round(late_ms)} ms`);
  }

  left(side: Side, frame: Frame): void {
    // What a client asks for is not what it grants.
    if (frame.window === undefined || (side === 'client' && hasFlag(frame, 'SYN'))) return;
    const own = this.#own[side];
    // S6: the same answer again, whatever has changed since.
    if (hasFlag(frame, 'SYN') && own.answers.has(frame.msg_seq)) return;
    if (hasFlag(frame, 'SYN')) own.answers.add(frame.msg_seq);
    this.overdue(side);
    if (!isSame(frame.window, own.current)) this.#broken(`${side} tells a window that it does not have`);
    this.#tooOften(side, frame, frame.window);
    own.told = frame.window;
    own.told_ms = this.#view.now_ms();
  }

  #tooOften(side: Side, frame: Frame, window: Window): void {
    const { told, told_ms } = this.#own[side];
    const now_ms = this.#view.now_ms();
    if (told === undefined || (['HB', 'ECN', 'SYN'] as const).some((flag) => hasFlag(frame, flag))) return;
    // On a new connection nobody knows what came through on the old one.
    if (this.#view.establishedMs(side) === now_ms) return;
    const pause_ms = now_ms - told_ms;
    const is_early = pause_ms < SESSION_LIMITS.window_interval_ms / this.#view.rate(side) - SLACK_MS;
    if (isSame(told, window) || (is_early && !isLarge(told, window)))
      this.#broken(`${side} tells its window again after ${Math.round(pause_ms)} ms`);
  }

  /** `side` was told what the other one allows. */
  heard(side: Side, window: Window): void {
    this.#heard[otherSide(side)] = window;
  }

  /** At the end of a session in order. */
  judge(): void {
    for (const side of SIDES) {
      const { current } = this.#own[side];
      const heard = this.#heard[side];
      if (heard !== undefined && !isSame(heard, current))
        this.#broken(`${side} has the window ${JSON.stringify(current)}, and ${JSON.stringify(heard)} was heard`);
    }
  }
}

function isSame(left: Window, right: Window): boolean {
  return MEMBERS.every((member) => left[member] === right[member]);
}

/** By a fifth or more, by two calls or more, or a limit that is new or gone. */
function isLarge(from: Window, to: Window): boolean {
  return MEMBERS.some((member) => {
    const [before, after] = [from[member], to[member]];
    if (before === after) return false;
    if (before === undefined || after === undefined) return true;
    const moved = Math.abs(after - before);
    return moved >= before / 5 || (member === 'max_parallel' && moved >= 2);
  });
}
