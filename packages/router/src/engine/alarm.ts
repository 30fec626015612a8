import type { Timer } from '@atp-router/kernel';
import type { Ambient } from './ports.ts';

/** One timer for a core that says when it wants to be woken. */
export class Alarm {
  readonly #ambient: Pick<Ambient, 'clock' | 'timers'>;
  readonly #ring: () => void;
  #armed: { readonly due_ms: number; readonly timer: Timer } | undefined;
  #is_closed = false;

  constructor(ambient: Pick<Ambient, 'clock' | 'timers'>, ring: () => void) {
    this.#ambient = ambient;
    this.#ring = ring;
  }

  /** Not later than this, in monotone time; `Infinity`: whenever it is armed already. */
  arm(due_ms: number): void {
    if (this.#is_closed || due_ms === Infinity || (this.#armed !== undefined && this.#armed.due_ms <= due_ms)) return;
    this.rest();
    const { clock, timers } = this.#ambient;
    const timer = timers.after(Math.max(1, due_ms - clock.mono_ms()), () => {
      this.#armed = undefined;
      this.#ring();
    });
    this.#armed = { due_ms, timer };
  }

  /** Until it is armed again. */
  rest(): void {
    this.#armed?.timer.cancel();
    this.#armed = undefined;
  }

  /** For good. */
  close(): void {
    this.#is_closed = true;
    this.rest();
  }
}
