import { Channel, type ChannelCounts, type Weather } from './channel.ts';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import type { VirtualTime } from './time.ts';

export type Side = 'client' | 'server';

export const SIDES: readonly Side[] = ['client', 'server'];

export function otherSide(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

/** Whether a stream is one that this side opens (S1). */
export function opensStream(side: Side, stream_id: string): boolean {
  return Number(stream_id) % 2 === (side === 'client' ? 1 : 0);
}

/** What an end sees of a connection. */
export interface Wire {
  readonly id: number;
  send(bytes: Uint8Array): void;
  /** Ends it from this side. What was sent still goes; then the other side is told. */
  close(): void;
}

/** What an end does with a connection that it has. */
export interface WireEvents {
  bytes(bytes: Uint8Array): void;
  closed(): void;
}

/** How an end takes a connection that was dialled. */
export type Accept = (wire: Wire) => WireEvents;

interface Tie {
  readonly id: number;
  readonly channels: Readonly<Record<Side, Channel>>;
  readonly events: Partial<Record<Side, WireEvents>>;
  readonly told: Record<Side, boolean>;
}

/** Connections between two ends. All that goes wrong on them comes from the seed. */
export class Network {
  readonly counts: ChannelCounts = { sent: 0, lost: 0, repeated: 0, held_back: 0, corrupted: 0, overflowed: 0 };
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #weather: Record<Side, Weather>;
  readonly #ties: Map<number, Tie> = new Map();
  #accept: Accept | undefined;
  #dialled = 0;
  #partitioned = false;

  /** `weather` of a side is that of what it sends. */
  constructor(time: VirtualTime, seed: number, weather: Readonly<Record<Side, Weather>>) {
    this.#time = time;
    this.#seed = seed;
    this.#weather = { ...weather };
  }

  /** Whether a connection carries what is sent, both ways. */
  carries(id: number): boolean {
    const tie = this.#ties.get(id);
    return tie !== undefined && SIDES.every((side) => tie.channels[side].open && !tie.channels[side].silent);
  }

  /** The server listens, or, with undefined, does not. */
  listen(accept: Accept | undefined): void {
    this.#accept = accept;
  }

  /** Calls back with a connection, or with undefined when there is no way or nobody listens. */
  dial(answer: (wire: Wire | undefined) => WireEvents | undefined): void {
    this.#dialled += 1;
    const id = this.#dialled;
    const delay_ms = this.#weather.client.delay_ms + this.#weather.server.delay_ms;
    this.#time.after(delay_ms, () => {
      const accept = this.#accept;
      if (this.#partitioned || accept === undefined) {
        answer(undefined);
        return;
      }
      const tie = this.#tie(id);
      this.#ties.set(id, tie);
      tie.events.server = accept(this.#wire(tie, 'server'));
      const events = answer(this.#wire(tie, 'client'));
      if (events === undefined) this.#end(tie, ['server']);
      else tie.events.client = events;
    });
  }

  /** All connections end; each named side is told, another one notices only that nothing comes any more. */
  drop(told: readonly Side[]): void {
    for (const tie of [...this.#ties.values()]) this.#end(tie, told);
  }

  /** Nothing passes until it is healed, and no connection can be made. Nobody is told. */
  partition(on: boolean): void {
    this.#partitioned = on;
    if (!on) return;
    for (const { channels } of this.#ties.values()) for (const side of SIDES) channels[side].silent = true;
  }

  /** What one side sends on the present connections vanishes. */
  halfOpen(sender: Side): void {
    for (const { channels } of this.#ties.values()) channels[sender].silent = true;
  }

  setWeather(side: Side, weather: Weather): void {
    this.#weather[side] = weather;
    for (const { channels } of this.#ties.values()) channels[side].weather = weather;
  }

  #tie(id: number): Tie {
    const draw = new Draw(seedFor(this.#seed, `connection ${id}`));
    const channel = (from: Side): Channel =>
      new Channel(this.#time, draw, this.#weather[from], this.counts, (bytes) => {
        tie.events[otherSide(from)]?.bytes(bytes);
      });
    const channels = { client: channel('client'), server: channel('server') };
    const tie: Tie = { id, channels, events: {}, told: { client: false, server: false } };
    return tie;
  }

  #wire(tie: Tie, side: Side): Wire {
    return {
      id: tie.id,
      send: (bytes) => tie.channels[side].send(bytes),
      close: () => this.#close(tie, side),
    };
  }

  #close(tie: Tie, side: Side): void {
    const channel = tie.channels[side];
    tie.told[side] = true;
    tie.channels[otherSide(side)].open = false;
    this.#time.at(channel.arrival_ms, () => this.#end(tie, channel.silent ? [] : [otherSide(side)]));
  }

  #end(tie: Tie, told: readonly Side[]): void {
    this.#ties.delete(tie.id);
    for (const side of SIDES) {
      tie.channels[side].open = false;
      if (!told.includes(side) || tie.told[side]) continue;
      tie.told[side] = true;
      this.#time.after(this.#weather[otherSide(side)].delay_ms, () => tie.events[side]?.closed());
    }
  }
}
