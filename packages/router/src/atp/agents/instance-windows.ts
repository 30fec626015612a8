import { type AimdOptions, type AimdTrouble, BurstBucket, type WindowSign, WindowTable } from '@atp-router/flow';
import type { Clock, Timer, Timers } from '@atp-router/kernel';

export interface InstanceWindowParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** How windows follow what comes back; undefined: they do not. */
  readonly aimd: () => AimdOptions | undefined;
  /** Trouble has narrowed one. */
  readonly onNarrowed: (trouble: AimdTrouble) => void;
  /** More may begin at it than before. */
  readonly onRoom: (id: string) => void;
}

interface Instance {
  readonly burst: BurstBucket;
  /** Dispatches that it works on. */
  running: number;
  /** Streams that its session has for it, free or not, as it was when it last took any. */
  width: number;
  /** Set while it could be given more, and its bucket has none left. */
  timer: { readonly due_ms: number; readonly handle: Timer } | undefined;
}

/**
 * What each agent is given, beside what its session takes: a window that trouble halves and timely answers open (the
 * protocol's "AIMD per agent"), and a cap on what begins in a second. An agent is here for as long as it is known.
 */
export class InstanceWindows {
  readonly #parts: InstanceWindowParts;
  /** Those that are narrower than what their sessions have. */
  readonly #table: WindowTable = new WindowTable();
  readonly #instances: Map<string, Instance> = new Map();
  #is_tuned = false;

  constructor(parts: InstanceWindowParts) {
    this.#parts = parts;
  }

  /** It is there. `width`: streams that its session has for it; undefined: as before. */
  know(id: string, burst_per_s: number, width: number | undefined): void {
    const known = this.#instances.get(id);
    if (known === undefined) {
      const burst = new BurstBucket(burst_per_s);
      this.#instances.set(id, { burst, running: 0, width: width ?? 0, timer: undefined });
      return;
    }
    if (known.burst.size !== burst_per_s) known.burst.tune(burst_per_s);
    known.width = width ?? known.width;
  }

  forget(id: string): void {
    this.#instances.get(id)?.timer?.handle.cancel();
    this.#instances.delete(id);
    this.#table.forget(id);
  }

  /** The configuration has changed. */
  refresh(): void {
    const options = this.#parts.aimd();
    this.#is_tuned = options !== undefined;
    if (options !== undefined) this.#table.tune(options);
    else for (const [id] of [...this.#table.entries()]) this.#table.forget(id);
  }

  began(id: string): void {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    instance.running += 1;
    instance.burst.take(this.#parts.clock.mono_ms());
  }

  /** `sign`: what its end says of load, if anything. */
  ended(id: string, sign: WindowSign | undefined): void {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    if (sign !== undefined) this.signed(id, sign);
    instance.running = Math.max(0, instance.running - 1);
  }

  /** Something of it says how it bears what it is given. */
  signed(id: string, sign: WindowSign): void {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    if (!this.#is_tuned) this.refresh();
    if (!this.#is_tuned) return;
    const { running, width } = instance;
    const before = this.#table.find(id) ?? Number.POSITIVE_INFINITY;
    const most = Math.max(running, width);
    const window = this.#table.ended(id, sign, running, most, this.#parts.clock.mono_ms());
    if (window !== undefined && window < before && sign !== 'timely') this.#parts.onNarrowed(sign);
  }

  /** Dispatches that it may have at a time; undefined while nothing narrows what its session has. */
  window(id: string): number | undefined {
    return this.#table.find(id);
  }

  /** Dispatches that may begin at it now, whatever its session takes. */
  free(id: string): number {
    const { burst } = this.#instances.get(id) ?? {};
    return Math.min(this.unused(id), burst?.left(this.#parts.clock.mono_ms()) ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Tells when more may begin at an instance whose session takes `room`: as soon as there is any, then each time that it has
   * doubled, until the cap keeps nothing from it.
   */
  watch(id: string, room: number): void {
    const instance = this.#instances.get(id);
    if (instance === undefined) return;
    const { burst, timer } = instance;
    const now_ms = this.#parts.clock.mono_ms();
    const wanted = Math.min(room, this.unused(id), burst.size);
    const left = burst.left(now_ms);
    if (wanted < 1 || left >= wanted) {
      timer?.handle.cancel();
      instance.timer = undefined;
      return;
    }
    const wait_ms = Math.max(1, burst.wait_ms(Math.min(wanted, Math.max(1, 2 * left))));
    if (timer !== undefined && timer.due_ms <= now_ms + wait_ms) return;
    timer?.handle.cancel();
    const handle = this.#parts.timers.after(wait_ms, () => {
      instance.timer = undefined;
      this.#parts.onRoom(id);
    });
    instance.timer = { due_ms: now_ms + wait_ms, handle };
  }

  /** Dispatches that its window has left, whatever its session and its cap say. */
  unused(id: string): number {
    const window = this.#table.find(id) ?? Number.POSITIVE_INFINITY;
    return Math.max(0, window - (this.#instances.get(id)?.running ?? 0));
  }
}
