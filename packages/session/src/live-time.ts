/** What the time of a session says: session time, and when a part wants to be asked. */
interface SessionTime {
  readonly t: number;
  readonly interval_ms: number;
  wake(t: number): void;
}

/**
 * Session time that counts for what may give up a message (S42): it stands still where an end hears nothing. The other end
 * says something in every interval, so an interval after the last frame it counts no further. A connection that is dead is
 * noticed after three; what waits for the next one would have failed just then.
 */
export class LiveTime {
  readonly #time: SessionTime;
  #read_t = 0;
  /** Session time that did not count. */
  #deaf_ms = 0;

  constructor(time: SessionTime) {
    this.#time = time;
  }

  /** Now. Milliseconds, of use only against other such times. */
  get now(): number {
    return this.#counted_t - this.#deaf_ms;
  }

  /** Something is heard, or a new connection is there. */
  heard(): void {
    const { t } = this.#time;
    const deaf_ms = t - this.#counted_t;
    this.#read_t = t;
    if (deaf_ms <= 0) return;
    this.#deaf_ms += deaf_ms;
    // What was not due as long as time stood still.
    this.#time.wake(t);
  }

  /** Whether a time has come. Asks to be woken for one that has not. */
  isDue(live_t: number): boolean {
    const due_t = live_t + this.#deaf_ms;
    if (this.#counted_t >= due_t) return true;
    // Where it stands still, the next frame wakes.
    if (due_t > this.#time.t) this.#time.wake(due_t);
    return false;
  }

  get #counted_t(): number {
    return Math.min(this.#time.t, this.#read_t + this.#time.interval_ms);
  }
}
