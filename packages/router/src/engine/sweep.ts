import type { Limiter, ReservationQueue } from '@atp-router/flow';
import { type Timer, untilNextUtcDay_ms } from '@atp-router/kernel';
import type { Ambient } from './ports.ts';
import type { Waited } from './starts.ts';

/** One timer for everything that waits with a deadline: armed only while somebody waits, for whoever is due first. */
export class Sweep {
  readonly #ambient: Ambient;
  readonly #places: Limiter<() => void>;
  readonly #funds: ReservationQueue<() => void>;
  readonly #onDue: (over: readonly Waited[]) => void;
  #armed: { readonly due_ms: number; readonly timer: Timer } | undefined;

  /** `onDue` gets those whose time is over. It is midnight, or room came free by their leaving: others may have their turn. */
  constructor(
    ambient: Ambient,
    places: Limiter<() => void>,
    funds: ReservationQueue<() => void>,
    onDue: (over: readonly Waited[]) => void,
  ) {
    this.#ambient = ambient;
    this.#places = places;
    this.#funds = funds;
    this.#onDue = onDue;
  }

  /** Somebody began to wait. */
  arm(): void {
    const { clock, timers } = this.#ambient;
    const due_ms = this.#next_ms();
    if (due_ms === Infinity || (this.#armed !== undefined && this.#armed.due_ms <= due_ms)) return;
    this.cancel();
    const timer = timers.after(Math.max(1, due_ms - clock.mono_ms()), () => {
      this.#armed = undefined;
      const now_ms = clock.mono_ms();
      this.#onDue([...this.#places.expire(now_ms), ...this.#funds.expire(now_ms)]);
      this.arm();
    });
    this.#armed = { due_ms, timer };
  }

  /** Nobody waits any more. */
  cancel(): void {
    this.#armed?.timer.cancel();
    this.#armed = undefined;
  }

  /**
   * The first deadline, or the midnight that renews the budgets that somebody waits for. Midnight is the wall clock's,
   * which is asked anew each time, since it may jump; deadlines do not jump with it.
   */
  #next_ms(): number {
    const { clock } = this.#ambient;
    const place_ms = this.#places.nextDeadline_ms() ?? Infinity;
    const funds_ms = this.#funds.nextDeadline_mono_ms();
    if (funds_ms === undefined) return place_ms;
    return Math.min(place_ms, funds_ms, clock.mono_ms() + untilNextUtcDay_ms(clock.now_ms()));
  }
}
