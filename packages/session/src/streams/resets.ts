import type { Payload } from '@atp-router/wire';
import type { StoredReset } from '../contract.ts';
import type { Core } from '../core.ts';
import { spread_ms } from '../send/rtt.ts';
import type { RoundTrip } from '../send/rtt.ts';

interface Reset {
  readonly error: Payload;
  sends: number;
  /** A successor knows of it: before that the other end must not. */
  is_saved: boolean;
  due_t: number;
}

/** Streams that this end has aborted, each until the other end has confirmed that (S29). */
export class Resets {
  readonly #core: Core;
  readonly #rtt: () => RoundTrip;
  readonly #resets: Map<string, Reset> = new Map();

  constructor(core: Core, rtt: () => RoundTrip) {
    this.#core = core;
    this.#rtt = rtt;
  }

  get size(): number {
    return this.#resets.size;
  }

  has(stream_id: string): boolean {
    return this.#resets.has(stream_id);
  }

  /** Says so, and again until it is confirmed. False: there is no room to remember it. */
  add(stream_id: string, error: Payload): boolean {
    if (this.#resets.has(stream_id)) return true;
    if (this.#resets.size >= this.#core.limits.resets) return false;
    const { journal } = this.#core;
    const reset: Reset = { error, sends: 0, is_saved: !journal.durable, due_t: this.#core.t };
    this.#resets.set(stream_id, reset);
    journal.change({ put: 'reset', value: { stream_id, error } });
    if (reset.is_saved) this.#send(stream_id, reset);
    else
      journal.hold(() => {
        reset.is_saved = true;
        if (this.#resets.get(stream_id) === reset) this.#send(stream_id, reset);
      });
    return true;
  }

  /** Something came on such a stream: it may not know yet. */
  again(stream_id: string): void {
    const reset = this.#resets.get(stream_id);
    if (reset !== undefined && this.#core.t - reset.due_t >= 0) this.#send(stream_id, reset);
  }

  confirmed(stream_id: string): boolean {
    if (!this.#resets.delete(stream_id)) return false;
    this.#core.journal.change({ drop: 'reset', stream_id });
    return true;
  }

  /** A turn of those that are due; the others have the next one. */
  timeout(): void {
    const { t, limits } = this.#core;
    let left = limits.turn;
    for (const [stream_id, reset] of this.#resets) {
      if (!reset.is_saved) continue;
      if (t < reset.due_t) this.#core.wake(reset.due_t);
      else if (left > 0) {
        this.#send(stream_id, reset);
        left -= 1;
      } else this.#core.wake(t + limits.ack_delay_ms);
    }
  }

  /** On a new connection: all of them, as soon as it may be. */
  restart(): void {
    for (const reset of this.#resets.values()) reset.due_t = this.#core.t;
    this.timeout();
  }

  /** The session is over. */
  clear(): void {
    this.#resets.clear();
  }

  values(): readonly StoredReset[] {
    return [...this.#resets].map(([stream_id, { error }]) => ({ stream_id, error }));
  }

  restore({ stream_id, error }: StoredReset): void {
    this.#resets.set(stream_id, { error, sends: 0, is_saved: true, due_t: 0 });
  }

  #send(stream_id: string, reset: Reset): void {
    if (!reset.is_saved) return;
    reset.sends += 1;
    reset.due_t = this.#core.t + spread_ms(this.#rtt().rto_ms(reset.sends), this.#core.options.ports.rng);
    this.#core.wake(reset.due_t);
    if (this.#core.is_up) this.#core.control(stream_id, ['RST', 'CTRL'], reset.error);
  }
}
