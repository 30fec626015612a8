import type { Arrival, Fleet } from '../load/format.ts';

/** A call at the fleet. */
export interface Running {
  readonly arrival: Arrival;
  readonly dispatched_ms: number;
  /** Reading of the fleet's meter at which its work is done. */
  readonly done_at: number;
}

/** Less work than this is none: what is left over by rounding must not keep a call for ever. */
const NEGLIGIBLE_MS = 1e-6;

/**
 * Calls at work on a fleet, which are shared evenly (processor sharing, Kleinrock 1967). All calls in flight progress at
 * the same pace, so one meter tells the work that each has had since it began; the next to end is the first of a list.
 */
export class FleetWork {
  readonly #fleet: Fleet;
  #servers: number;
  #meter_ms = 0;
  #now_ms = 0;
  /** By `done_at`. At most as many as the window. */
  readonly #running: Running[] = [];
  /** In the order of dispatch, which is that of timeouts. */
  readonly #dispatched = new Set<Running>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#servers = fleet.servers;
  }

  get size(): number {
    return this.#running.length;
  }

  /** Whether an answer carries a congestion mark that comes while so many, itself among them, are in flight. */
  marks(in_flight: number): boolean {
    const { mark_above, knee } = this.#fleet;
    return mark_above !== null && in_flight > mark_above * knee * this.#servers;
  }

  setServers(servers: number): void {
    this.#servers = servers;
  }

  advance(to_ms: number): void {
    this.#meter_ms += (to_ms - this.#now_ms) * this.#pace();
    this.#now_ms = to_ms;
  }

  start(arrival: Arrival): void {
    const { fixed_ms, in_us_per_token, out_us_per_token } = this.#fleet;
    const tokens_us = arrival.in_tokens * in_us_per_token + arrival.out_tokens * out_us_per_token;
    const done_at = this.#meter_ms + fixed_ms + tokens_us / 1_000;
    const running: Running = { arrival, dispatched_ms: this.#now_ms, done_at };
    const after = this.#running.findLastIndex((other) => other.done_at <= done_at);
    this.#running.splice(after + 1, 0, running);
    this.#dispatched.add(running);
  }

  nextEnd_ms(): number {
    const first = this.#running[0];
    const pace = this.#pace();
    if (first === undefined || pace === 0) return Number.POSITIVE_INFINITY;
    return this.#now_ms + Math.max(0, first.done_at - this.#meter_ms) / pace;
  }

  nextTimeout_ms(): number {
    const oldest = this.#oldest();
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.dispatched_ms + this.#fleet.timeout_ms;
  }

  /** A call whose work is done. */
  takeEnded(): Running | undefined {
    const first = this.#running[0];
    if (first === undefined || first.done_at - this.#meter_ms > NEGLIGIBLE_MS) return undefined;
    this.#running.shift();
    this.#dispatched.delete(first);
    return first;
  }

  takeTimedOut(): Running | undefined {
    const oldest = this.#oldest();
    if (oldest === undefined || oldest.dispatched_ms + this.#fleet.timeout_ms > this.#now_ms) return undefined;
    this.#running.splice(this.#running.indexOf(oldest), 1);
    this.#dispatched.delete(oldest);
    return oldest;
  }

  #oldest(): Running | undefined {
    return this.#dispatched.values().next().value;
  }

  /** Work per time that each call gets: 1 below the knee. */
  #pace(): number {
    const { knee, thrash } = this.#fleet;
    const places = knee * this.#servers;
    if (places === 0) return 0;
    const load = this.#running.length / places;
    return load <= 1 ? 1 : 1 / (load * (1 + thrash * (load - 1)));
  }
}
