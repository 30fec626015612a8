import type { SessionEffect } from '@atp-router/session';

/** Effects of one session that are still to be done: what one of them causes comes after those that were there before. */
export class EffectQueue {
  readonly #run: (effect: SessionEffect) => void;
  readonly #onBroken: (thrown: unknown) => void;
  #effects: SessionEffect[] = [];
  #is_working = false;

  /** `onBroken`: told what `run` has thrown; the rest is dropped. */
  constructor(run: (effect: SessionEffect) => void, onBroken: (thrown: unknown) => void) {
    this.#run = run;
    this.#onBroken = onBroken;
  }

  /** Does them, unless they come from one that is being done: false, and they are done after it. */
  push(effects: readonly SessionEffect[]): boolean {
    for (const effect of effects) this.#effects.push(effect);
    if (this.#is_working) return false;
    this.#is_working = true;
    try {
      for (let i = 0; i < this.#effects.length; i += 1) this.#run(this.#effects[i] as SessionEffect);
    } catch (thrown) {
      this.#onBroken(thrown);
    }
    this.#effects = [];
    this.#is_working = false;
    return true;
  }

  /** None of them is to be done any more. */
  clear(): void {
    this.#effects = [];
  }
}
