import type { Acknowledgement, Payload, Window } from '@atp-router/wire';
import type { Core } from './core.ts';
import { SESSION_STREAM } from './streams/numbers.ts';
import { WindowCadence } from './window-cadence.ts';

/** When this end tells its window: with what opens a connection, with heartbeats, and when it changes (S24). */
export class OwnWindow {
  readonly #core: Core;
  readonly #acks: () => readonly Acknowledgement[];
  readonly #cadence: WindowCadence;
  #no_room = false;

  /** `acks`: what a heartbeat acknowledges. */
  constructor(core: Core, acks: () => readonly Acknowledgement[]) {
    this.#core = core;
    this.#acks = acks;
    this.#cadence = new WindowCadence(core.limits.window_interval_ms, core.own_window);
  }

  set(window: Window): void {
    this.#core.own_window = window;
    this.#cadence.set(window);
  }

  /** A frame was dropped: the other end is told to send less at once (S22). */
  noRoom(): void {
    this.#no_room = true;
  }

  /** A server's hello has its window; a client tells it behind its own, unless it never had one. */
  connected(resumed: boolean): void {
    const { options, own_window, t } = this.#core;
    // It may be what a handshake or a predecessor left.
    this.#cadence.set(own_window);
    const has_one = resumed || Object.keys(own_window).length > 0;
    if (options.role === 'client' && has_one) this.beat(['CTRL']);
    else this.#cadence.told(t);
  }

  /** Window and acknowledgements of all lanes: heartbeats make good what was lost. */
  beat(flags: readonly string[]): void {
    const acks = this.#acks();
    this.#send(flags, { type: 'control.window_update', ...(acks.length > 0 && { content: { acks } }) });
  }

  /** At the end of every input. */
  tell(): void {
    const { t, crowded } = this.#core;
    const due_t = this.#cadence.due_t(t);
    const payload = { type: 'control.window_update' };
    if (this.#no_room) {
      this.#no_room = false;
      this.#send(crowded ? ['CTRL'] : ['CTRL', 'ECN'], payload);
    } else if (due_t !== undefined && t >= due_t) this.#send(['CTRL'], payload);
    else if (due_t !== undefined) this.#core.wake(due_t);
  }

  #send(flags: readonly string[], payload: Payload): void {
    this.#core.control(SESSION_STREAM, flags, payload, this.#core.own_window);
    this.#cadence.told(this.#core.t);
  }
}
