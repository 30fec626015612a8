import type { SessionEffect } from './types.ts';

/**
 * Who of a reserve began before it was known whether it is needed, as speculative execution does (Leviathan, Kalman, Matias 2023
 * for language models): the time of its answer is saved where it is, and it is stopped where it is not.
 */
export class LateStart {
  readonly #after_ms: number | undefined;
  readonly #early: Map<number, string> = new Map();
  #spared: readonly number[] = [];
  #is_late = false;

  constructor(after_ms: number | undefined) {
    this.#after_ms = after_ms;
  }

  /** Who was asked last has been at work for long. */
  get is_late(): boolean {
    return this.#is_late;
  }

  isEarly(lane: number): boolean {
    return this.#early.has(lane);
  }

  /** Somebody begins: the next may only when that takes long, too. */
  begun(effects: SessionEffect[], early?: { readonly lane: number; readonly source: string }): void {
    if (early !== undefined) this.#early.set(early.lane, early.source);
    if (this.#after_ms === undefined) return;
    this.#is_late = false;
    effects.push({ type: 'clear_timer', timer: 'late' });
    effects.push({ type: 'set_timer', timer: 'late', delay_ms: this.#after_ms });
  }

  due(): void {
    this.#is_late = true;
  }

  /** There is a result, and the answers of these were not needed for it. */
  spare(lanes: readonly number[] = []): void {
    this.#spared = lanes;
  }

  /** What became of those who began early, once there is a result. */
  get outcomes(): readonly SessionEffect[] {
    return [...this.#early].map(([lane, source]): SessionEffect => {
      return { type: 'speculated', lane, source, outcome: this.#spared.includes(lane) ? 'accepted' : 'rejected' };
    });
  }
}
