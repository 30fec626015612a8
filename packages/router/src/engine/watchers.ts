import type { QueueSigns } from '@atp-router/flow';
import type { FlowWatch } from './gate.ts';

/** Those who watch a gate: one, mostly, and those who follow it live. */
export class Watchers {
  readonly #all: Partial<FlowWatch>[];

  constructor(first: FlowWatch | undefined) {
    this.#all = first === undefined ? [] : [first];
  }

  add(watch: Partial<FlowWatch>): void {
    this.#all.push(watch);
  }

  tell(what: (watch: Partial<FlowWatch>) => void): void {
    for (const watch of this.#all) what(watch);
  }

  signs({ marks, starving }: QueueSigns): void {
    for (const { account, is_high } of marks) this.tell((watch) => watch.marked?.(account, is_high));
    for (const { qos, tenant } of starving) this.tell((watch) => watch.starving?.(qos, tenant));
  }
}
