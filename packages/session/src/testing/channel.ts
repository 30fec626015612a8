import { flipBit } from '@atp-router/wire/testing';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from './time.ts';

/** What a direction of a connection does to frames. Shares are of frames. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Frames that are held back, so that later ones pass them. */
  readonly reordering: number;
  /** Frames with one to three bits changed. Only for sealed frames: of others a change cannot be told. */
  readonly corruption: number;
  readonly delay_ms: number;
  readonly jitter_ms: number;
  readonly bytes_per_ms: number;
}

export const FAIR: Weather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  corruption: 0,
  delay_ms: 10,
  jitter_ms: 0,
  bytes_per_ms: 10_000,
};

export interface ChannelCounts {
  sent: number;
  lost: number;
  repeated: number;
  held_back: number;
  corrupted: number;
  /** Beyond the queue of the line. */
  overflowed: number;
}

/** What waits on the line at most, by the time that it would take: a router's buffer of some hundred milliseconds. */
const QUEUE_MS_MAX = 400;
const HELD_BACK_MS = 300;

/** One direction of a connection. What is on its way when it ends never arrives. */
export class Channel {
  weather: Weather;
  /** Takes everything and delivers nothing, and nobody is told. */
  silent = false;
  open = true;
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #counts: ChannelCounts;
  readonly #deliver: (bytes: Uint8Array) => void;
  #free_ms = 0;
  #last_ms = 0;
  #arrival_ms = 0;

  constructor(
    time: VirtualTime,
    draw: Draw,
    weather: Weather,
    counts: ChannelCounts,
    deliver: (bytes: Uint8Array) => void,
  ) {
    this.#time = time;
    this.#draw = draw;
    this.weather = weather;
    this.#counts = counts;
    this.#deliver = deliver;
  }

  /** When the last of what is on its way arrives. */
  get arrival_ms(): number {
    return this.#arrival_ms;
  }

  send(bytes: Uint8Array): void {
    const { weather } = this;
    const draw = this.#draw;
    this.#counts.sent += 1;
    if (!this.open || this.silent) return;
    if (this.#lost(weather)) return;
    const now = this.#time.now_ms;
    if (this.#free_ms - now > QUEUE_MS_MAX) {
      this.#counts.overflowed += 1;
      return;
    }
    this.#free_ms = Math.max(this.#free_ms, now) + bytes.length / weather.bytes_per_ms;
    const copies = draw.chance(weather.duplication) ? 2 : 1;
    this.#counts.repeated += copies - 1;
    for (let copy = 0; copy < copies; copy += 1) this.#carry(this.#corrupted(bytes, weather), weather);
  }

  #lost(weather: Weather): boolean {
    if (!this.#draw.chance(weather.loss)) return false;
    this.#counts.lost += 1;
    return true;
  }

  #carry(bytes: Uint8Array, weather: Weather): void {
    let at_ms = this.#free_ms + weather.delay_ms + this.#draw.next() * weather.jitter_ms;
    if (this.#draw.chance(weather.reordering)) {
      this.#counts.held_back += 1;
      at_ms += this.#draw.next() * HELD_BACK_MS;
    } else {
      // Jitter alone does not reorder: a queue stays a queue.
      at_ms = Math.max(at_ms, this.#last_ms);
      this.#last_ms = at_ms;
    }
    this.#arrival_ms = Math.max(this.#arrival_ms, at_ms);
    this.#time.at(at_ms, () => {
      if (this.open && !this.silent) this.#deliver(bytes);
    });
  }

  #corrupted(bytes: Uint8Array, weather: Weather): Uint8Array {
    if (!this.#draw.chance(weather.corruption)) return bytes;
    this.#counts.corrupted += 1;
    let changed = bytes;
    for (let flips = this.#draw.int(1, 3); flips > 0; flips -= 1)
      changed = flipBit(changed, this.#draw.int(0, bytes.length * 8 - 1));
    return changed;
  }
}
