import type { Window } from '@atp-router/wire';

/** A change of so much is told at once: a fifth, or two calls. */
const SHARE = 0.2;
const CALLS = 2;

/** When a changed window is told (S24): large changes at once, small ones at intervals. Milliseconds. */
export class WindowCadence {
  readonly #interval_ms: number;
  #told: Window;
  #current: Window;
  #told_t = Number.NEGATIVE_INFINITY;

  constructor(interval_ms: number, window: Window) {
    this.#interval_ms = interval_ms;
    this.#told = window;
    this.#current = window;
  }

  set(window: Window): void {
    this.#current = window;
  }

  /** When the window is to be told; nothing when the other end knows it. */
  due_t(t: number): number | undefined {
    if (isEqual(this.#told, this.#current)) return undefined;
    return isLarge(this.#told, this.#current) ? t : this.#told_t + this.#interval_ms;
  }

  told(t: number): void {
    this.#told = this.#current;
    this.#told_t = t;
  }
}

function isEqual(left: Window, right: Window): boolean {
  return (
    left.max_parallel === right.max_parallel &&
    left.max_tokens === right.max_tokens &&
    left.max_usd_micros === right.max_usd_micros
  );
}

function isLarge(told: Window, current: Window): boolean {
  if (isFar(told.max_parallel, current.max_parallel, CALLS)) return true;
  return (
    isFar(told.max_tokens, current.max_tokens, Number.POSITIVE_INFINITY) ||
    isFar(told.max_usd_micros, current.max_usd_micros, Number.POSITIVE_INFINITY)
  );
}

/** A limit that is set or lifted has moved by more than any share. */
function isFar(told: number | undefined, current: number | undefined, step: number): boolean {
  if (told === current) return false;
  if (told === undefined || current === undefined) return true;
  const moved = Math.abs(current - told);
  return moved >= step || moved >= told * SHARE;
}
