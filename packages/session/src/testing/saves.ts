import type { Timer } from '@atp-router/kernel';
import type { StoredChange } from '../contract.ts';
import type { EndTools } from './end-tools.ts';
import type { Side } from './network.ts';
import type { EndSetting } from './plan.ts';
import type { SimStore } from './store.ts';

/** What is on its way to the store of an end. Saves are done in their order, and the end hears of them in that order. */
export class Saves {
  readonly #side: Side;
  readonly #store: SimStore;
  readonly #setting: EndSetting;
  readonly #tools: EndTools;
  #open: Timer[] = [];
  #stored_ms = 0;
  #told_ms = 0;

  constructor(side: Side, store: SimStore, setting: EndSetting, tools: EndTools) {
    this.#side = side;
    this.#store = store;
    this.#setting = setting;
    this.#tools = tools;
  }

  /** Whether the end has not heard of all. */
  get waits(): boolean {
    return this.#open.length > 0;
  }

  save(mark: number, changes: readonly StoredChange[], life: number, onTold: () => void): void {
    const { time, takes } = this.#tools;
    const name = `${life}/${mark}`;
    const took_ms = takes(`${this.#side} saves ${name}`, this.#setting.save_ms);
    this.#stored_ms = Math.max(this.#stored_ms, time.now_ms + took_ms);
    this.#told_ms = Math.max(
      this.#told_ms,
      this.#stored_ms + takes(`${this.#side} hears of ${name}`, this.#setting.told_ms),
    );
    const stored = time.at(this.#stored_ms, () => {
      this.#store.apply(changes);
      if (life === 0 && this.#crashesAt(mark, changes)) this.#tools.crash();
    });
    const told = time.at(this.#told_ms, () => {
      this.#open = this.#open.filter((timer) => timer !== stored && timer !== told);
      onTold();
    });
    this.#open.push(stored, told);
  }

  /** What was not done is lost, and of what was done nobody hears. */
  crash(): void {
    for (const timer of this.#open) timer.cancel();
    this.#open = [];
  }

  #crashesAt(mark: number, changes: readonly StoredChange[]): boolean {
    const { crashes_untold } = this.#setting;
    if (crashes_untold !== 'failure') return crashes_untold === mark;
    return changes.some((change) => 'put' in change && change.put === 'inbox' && 'failed' in change);
  }
}
