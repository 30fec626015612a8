import type { Clock, Timer, Timers } from '@atp-router/kernel';
import type { LinkLimits } from './limits.ts';

export interface KeepaliveParts {
  readonly limits: LinkLimits;
  readonly timers: Timers;
  readonly clock: Clock;
  /** This side was silent. */
  readonly onPing: () => void;
  /** The other side was, for longer than it may be. */
  readonly onSilent: (silent_ms: number) => void;
}

/** Both silences of one link, with one timer: a process that is stopped ends no connection by itself. */
export class Keepalive {
  readonly #parts: KeepaliveParts;
  #heard_ms: number;
  #sent_ms: number;
  #timer: Timer | undefined;
  #is_stopped = false;

  constructor(parts: KeepaliveParts) {
    this.#parts = parts;
    this.#heard_ms = parts.clock.mono_ms();
    this.#sent_ms = this.#heard_ms;
    this.#wait();
  }

  heard(): void {
    this.#heard_ms = this.#parts.clock.mono_ms();
  }

  sent(): void {
    this.#sent_ms = this.#parts.clock.mono_ms();
  }

  stop(): void {
    this.#is_stopped = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (this.#is_stopped) return;
    const { timers, clock, limits } = this.#parts;
    const next_at_ms = Math.min(this.#sent_ms + limits.ping_ms, this.#heard_ms + limits.silence_ms);
    this.#timer = timers.after(Math.max(0, next_at_ms - clock.mono_ms()), () => this.#look());
  }

  #look(): void {
    const { clock, limits, onPing } = this.#parts;
    const now_ms = clock.mono_ms();
    // The late one may be this process: what waits in the socket is read before anything is judged.
    if (now_ms - this.#heard_ms >= limits.silence_ms) setImmediate(() => this.#judge());
    else {
      if (now_ms - this.#sent_ms >= limits.ping_ms) {
        this.#sent_ms = now_ms;
        onPing();
      }
      this.#wait();
    }
  }

  #judge(): void {
    if (this.#is_stopped) return;
    const silent_ms = this.#parts.clock.mono_ms() - this.#heard_ms;
    if (silent_ms < this.#parts.limits.silence_ms) this.#wait();
    else this.#parts.onSilent(silent_ms);
  }
}
