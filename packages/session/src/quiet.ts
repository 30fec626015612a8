import type { Core } from './core.ts';

/** What the session does when the other end says nothing, or when there is nothing to say (S26, S27). */
export interface QuietTo {
  heartbeat(): void;
  /** The connection is taken for lost. */
  silent(): void;
  /** Whether something is open or not settled. */
  isBusy(): boolean;
  idle(): void;
}

/** Heartbeats, silence and idleness, in session time. */
export class Quiet {
  readonly #core: Core;
  readonly #to: QuietTo;
  #beat_t = 0;
  #read_t = 0;
  #active_t = 0;

  constructor(core: Core, to: QuietTo) {
    this.#core = core;
    this.#to = to;
  }

  /** On every connection anew. */
  restart(): void {
    this.#beat_t = this.#core.t;
    this.read();
    this.#core.wake(this.#core.t + this.#core.interval_ms);
  }

  /** A frame was read. */
  read(): void {
    this.#read_t = this.#core.t;
    this.#core.live.heard();
  }

  /** A message was sent or received. */
  active(): void {
    this.#active_t = this.#core.t;
  }

  /** The window was told, and the acknowledgements with it. */
  beat(): void {
    this.#beat_t = this.#core.t;
  }

  timeout(): void {
    const { t, agreed, limits, options, interval_ms } = this.#core;
    const silent_ms = limits.silent_intervals * interval_ms;
    if (t >= this.#read_t + silent_ms) {
      this.#to.silent();
      return;
    }
    if (t >= this.#beat_t + interval_ms) {
      this.#beat_t = t;
      this.#to.heartbeat();
    }
    this.#core.wake(Math.min(this.#beat_t + interval_ms, this.#read_t + silent_ms));
    if (options.role !== 'server') return;
    const idle_ms = agreed?.idle_fin_ms ?? limits.idle_fin_ms;
    if (this.#to.isBusy()) this.#active_t = t;
    else if (t >= this.#active_t + idle_ms) this.#to.idle();
    if (t < this.#active_t + idle_ms) this.#core.wake(this.#active_t + idle_ms);
  }
}
