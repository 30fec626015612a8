import type { Rng } from '@atp-router/kernel';
import { Aimd } from '../../window/aimd.ts';
import { type Interval, rewardOf } from '../interval.ts';
import type { Load } from '../load/format.ts';
import type { Tuner } from '../tuner.ts';
import { IntervalMeter } from './meter.ts';
import { FleetWork, type Running } from './running.ts';
import { Waiting } from './waiting.ts';

/** Of a replay: tuners are asked every second, as the router asks them. */
export const INTERVAL_MS = 1_000;

/** An interval as it was, with its reward. */
export interface Sample extends Interval {
  readonly reward: number;
}

/** What one call was like. */
export interface Answered {
  readonly wait_ms: number;
  readonly latency_ms: number;
  readonly tokens: number;
  readonly missed: boolean;
}

/** Everything that happens in a run, as it happens. */
export interface Watcher {
  answered?(call: Answered, at_ms: number): void;
  timedOut?(at_ms: number): void;
  /** The queue was full, or it waited too long. */
  refused?(at_ms: number): void;
  interval?(sample: Sample): void;
}

export interface RunOptions<State> {
  readonly tuner: Tuner<State>;
  readonly state: State;
  readonly rng: Rng;
  /** Where the run ends; the duration of the load at most. */
  readonly until_ms: number;
}

/** Runs a load against its fleet through an AIMD window and its tuner, and returns what the tuner knows then. */
export function run<State>(load: Load, options: RunOptions<State>, watcher: Watcher): State {
  const simulation = new Simulation(load, options, watcher);
  while (simulation.step());
  return simulation.state;
}

/** Moves from event to event; between two of them all calls progress evenly. */
class Simulation<State> {
  readonly #load: Load;
  readonly #options: RunOptions<State>;
  readonly #watcher: Watcher;
  readonly #work: FleetWork;
  readonly #aimd: Aimd;
  readonly #meter: IntervalMeter;
  readonly #waiting: Waiting = new Waiting();
  #state: State;
  #now_ms = 0;
  #arrival = 0;
  #change = 0;
  #interval_ms = INTERVAL_MS;
  #burst_ms: number = Number.POSITIVE_INFINITY;

  constructor(load: Load, options: RunOptions<State>, watcher: Watcher) {
    this.#load = load;
    this.#options = options;
    this.#watcher = watcher;
    this.#work = new FleetWork(load.fleet);
    this.#aimd = new Aimd(load.factors);
    this.#meter = new IntervalMeter(load.goal.p95_ms);
    this.#state = options.state;
  }

  get state(): State {
    return this.#state;
  }

  /** One event; false at the end. At equal times, what ends goes before what begins. */
  step(): boolean {
    const next_ms = this.#next_ms();
    if (next_ms > this.#options.until_ms) return false;
    this.#work.advance(next_ms);
    this.#now_ms = next_ms;
    this.#changeFleet();
    for (let one = this.#work.takeEnded(); one !== undefined; one = this.#work.takeEnded()) this.#end(one);
    for (let one = this.#work.takeTimedOut(); one !== undefined; one = this.#work.takeTimedOut()) this.#timeOut();
    this.#expire();
    this.#arrive();
    this.#dispatch();
    if (this.#now_ms >= this.#interval_ms) this.#tune();
    return true;
  }

  #next_ms(): number {
    const { arrivals, profile, fleet } = this.#load;
    return Math.max(
      this.#now_ms,
      Math.min(
        arrivals[this.#arrival]?.at_ms ?? Number.POSITIVE_INFINITY,
        profile[this.#change]?.at_ms ?? Number.POSITIVE_INFINITY,
        this.#work.nextEnd_ms(),
        this.#work.nextTimeout_ms(),
        this.#waiting.oldest_ms() + fleet.wait_max_ms,
        this.#burst_ms,
        this.#interval_ms,
      ),
    );
  }

  #changeFleet(): void {
    const { profile } = this.#load;
    for (let next = profile[this.#change]; next !== undefined && next.at_ms <= this.#now_ms; ) {
      this.#work.setServers(next.servers);
      this.#change += 1;
      next = profile[this.#change];
    }
  }

  #end({ arrival, dispatched_ms }: Running): void {
    const now_ms = this.#now_ms;
    const latency_ms = now_ms - dispatched_ms;
    const in_flight = this.#work.size + 1;
    const is_marked = this.#work.marks(in_flight);
    const missed = latency_ms > this.#load.goal.p95_ms;
    const tokens = arrival.in_tokens + arrival.out_tokens;
    if (is_marked) this.#aimd.troubled('ecn', now_ms);
    else if (missed) this.#aimd.troubled('latency', now_ms);
    else this.#aimd.answered(in_flight, now_ms);
    this.#meter.answered(latency_ms, tokens, is_marked);
    this.#watcher.answered?.({ wait_ms: dispatched_ms - arrival.at_ms, latency_ms, tokens, missed }, now_ms);
  }

  #timeOut(): void {
    this.#aimd.troubled('timeout', this.#now_ms);
    this.#meter.timedOut();
    this.#watcher.timedOut?.(this.#now_ms);
  }

  #expire(): void {
    const { wait_max_ms } = this.#load.fleet;
    while (this.#waiting.takeWaited(wait_max_ms, this.#now_ms) !== undefined) this.#watcher.refused?.(this.#now_ms);
  }

  #arrive(): void {
    const { arrivals, fleet } = this.#load;
    for (let next = arrivals[this.#arrival]; next !== undefined && next.at_ms <= this.#now_ms; ) {
      // One that the window takes at once does not have to find room in the queue.
      if (this.#waiting.size < fleet.queue_max + this.#free()) this.#waiting.add(next);
      else this.#watcher.refused?.(this.#now_ms);
      this.#arrival += 1;
      next = arrivals[this.#arrival];
    }
  }

  #free(): number {
    return Math.max(0, this.#aimd.window - this.#work.size);
  }

  #dispatch(): void {
    this.#burst_ms = Number.POSITIVE_INFINITY;
    while (this.#waiting.size > 0 && this.#work.size < this.#aimd.window) {
      if (!this.#aimd.begin(this.#now_ms)) {
        this.#burst_ms = this.#now_ms + this.#aimd.burstWait_ms();
        return;
      }
      const next = this.#waiting.take();
      if (next !== undefined) this.#work.start(next);
    }
  }

  #tune(): void {
    const { tuner, rng } = this.#options;
    const seen = this.#meter.take({
      start_ms: this.#load.start_ms + this.#interval_ms - INTERVAL_MS,
      length_ms: INTERVAL_MS,
      in_flight: this.#work.size,
      window: this.#aimd.window,
      waiting: this.#waiting.size,
    });
    this.#watcher.interval?.({ ...seen, reward: rewardOf(seen, this.#load.goal) });
    const { state, factors } = tuner.decide(this.#state, seen, rng);
    this.#state = state;
    this.#aimd.tune(factors);
    this.#interval_ms += INTERVAL_MS;
    this.#dispatch();
  }
}
