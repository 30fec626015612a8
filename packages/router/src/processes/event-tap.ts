import { AtpError, type Clock, type Timer, type Timers } from '@atp-router/kernel';
import type { EventType, RouterEvent } from '@atp-router/ledger';
import type { EventBus } from '../observe/event-bus.ts';
import { shownEvent } from '../observe/shown-event.ts';
import { OWNER_EVENTS, type ShownEvent } from './other-processes.ts';

/** Events are told of together; nobody who watches notices. */
const EVERY_MS = 50;
/** In one batch, about 500 B each. What comes beyond is counted and dropped: credit goes over the same link. */
export const EVENTS_MAX = 1_024;

export interface EventBatch {
  readonly events: readonly { readonly ts_ms: number; readonly event: ShownEvent }[];
  readonly dropped: number;
}

export interface TapParts {
  readonly bus: Pick<EventBus, 'stream'>;
  readonly clock: Pick<Clock, 'now_ms'>;
  readonly timers: Timers;
  readonly send: (batch: EventBatch) => void;
}

/** Tells the owner of this process's events while somebody watches them there. */
export class EventTap {
  readonly #parts: TapParts;
  #types: ReadonlySet<EventType> | undefined;
  #stop: (() => void) | undefined;
  #events: { readonly ts_ms: number; readonly event: ShownEvent }[] = [];
  #dropped = 0;
  #timer: Timer | undefined;

  constructor(parts: TapParts) {
    this.#parts = parts;
  }

  /** From here on those of these types; null: all, and none at all when it is empty. Throws when there are too many listeners. */
  watch(types: readonly EventType[] | null): void {
    this.#types = types === null ? undefined : new Set(types);
    if (this.#types?.size === 0) this.end();
    else this.#stop ??= this.#listen();
  }

  /** Nobody watches any more. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#events = [];
    this.#dropped = 0;
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const [events, dropped] = [this.#events, this.#dropped];
    if (events.length + dropped === 0) return;
    this.#events = [];
    this.#dropped = 0;
    this.#parts.send({ events, dropped });
  }

  #listen(): () => void {
    const stop = this.#parts.bus.stream((event) => this.#on(event));
    if (stop === undefined) throw new AtpError('backpressure', 'As many readers of events are there as there may be.');
    return stop;
  }

  #on(event: RouterEvent): void {
    if (OWNER_EVENTS.has(event.type) || this.#types?.has(event.type) === false) return;
    if (this.#events.length >= EVENTS_MAX) this.#dropped += 1;
    else this.#events.push({ ts_ms: this.#parts.clock.now_ms(), event: shownEvent(event) });
    this.#timer ??= this.#parts.timers.after(EVERY_MS, () => this.flush());
  }
}
