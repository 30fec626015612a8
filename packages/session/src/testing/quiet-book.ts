import type { Side } from './network.ts';
import type { VirtualTime } from './time.ts';

/** After this time without anything new, what was sent before has been repeated for as long as it may be. */
const CALM_MS = 45_000;
/** What a quiet end may say: heartbeats, and the answer to a repetition now and then. */
const FRAMES_PER_S = 0.5;
const FRAMES_FREE = 6;
/** No history needs so many; two ends that answer each other's answers do. */
const FRAMES_MAX = 60_000;

/** Whether an end has nothing to do and says so much nevertheless. */
export class QuietBook {
  readonly #time: VirtualTime;
  readonly #broken: (what: string) => void;
  #stirred_ms = 0;
  readonly #frames: Record<Side, number> = { client: 0, server: 0 };
  total = 0;
  quiet_frames = 0;

  constructor(time: VirtualTime, broken: (what: string) => void) {
    this.#time = time;
    this.#broken = broken;
  }

  /** Something happened that is worth frames. */
  stir(): void {
    this.#stirred_ms = this.#time.now_ms;
    this.#frames.client = 0;
    this.#frames.server = 0;
  }

  frame(side: Side, unsettled: boolean): void {
    this.total += 1;
    if (this.total === FRAMES_MAX) this.#broken(`the ends have said ${FRAMES_MAX} frames and go on`);
    const calm_ms = this.#time.now_ms - this.#stirred_ms - CALM_MS;
    if (calm_ms < 0 || unsettled) return;
    this.quiet_frames += 1;
    this.#frames[side] += 1;
    const most = FRAMES_FREE + (calm_ms / 1_000) * FRAMES_PER_S;
    if (this.#frames[side] > most)
      this.#broken(`${side} says ${this.#frames[side]} frames in ${calm_ms} ms and has nothing to say`);
  }
}
