import type { FanoutPlan } from '../plan.ts';
import type { SessionTimer } from '../session/types.ts';
import type { Broken } from './lane-book.ts';

/** When a session has to end, and what it may tell until then. */
export class TimeBook {
  readonly #plan: FanoutPlan;
  readonly #broken: Broken;
  readonly #set: Set<SessionTimer> = new Set();
  #expiry_ms = Number.POSITIVE_INFINITY;
  #revision = -1;

  constructor(plan: FanoutPlan, broken: Broken) {
    this.#plan = plan;
    this.#broken = broken;
  }

  /** Provisional results that were told. */
  get told(): number {
    return this.#revision + 1;
  }

  isLate(now_ms: number): boolean {
    return now_ms >= (this.#plan.deadline_ms ?? Number.POSITIVE_INFINITY);
  }

  sets(timer: SessionTimer): void {
    if (this.#set.has(timer)) this.#broken(`the time of ${timer} is set twice`);
    this.#set.add(timer);
  }

  clears(timer: SessionTimer): void {
    this.#set.delete(timer);
  }

  /** `answers`: how many were heard of those that count. */
  tells(told: { readonly revision: number; readonly agreement: number }, answers: number, now_ms: number): void {
    const { provisional } = this.#plan;
    if (provisional === undefined) this.#broken('a result is told that nobody wants before the end');
    if (told.revision !== this.#revision + 1) this.#broken(`revision ${told.revision} after ${this.#revision}`);
    if (now_ms < (provisional?.after_ms ?? 0)) this.#broken('a result is told before its time');
    if (now_ms > this.#expiry_ms) this.#broken('a result is revised after its time');
    if (this.#revision < 0) this.#expiry_ms = now_ms + (provisional?.expiry_ms ?? 0);
    const { quorum_min = Number.POSITIVE_INFINITY, agree_min = Number.POSITIVE_INFINITY } = provisional ?? {};
    const is_enough = answers >= quorum_min || (answers > 1 && told.agreement >= agree_min);
    if (this.#revision < 0 && !is_enough) this.#broken(`a result is told of ${answers} answers, which are too few`);
    this.#revision = told.revision;
  }

  ended(now_ms: number): void {
    const { deadline_ms = Number.POSITIVE_INFINITY } = this.#plan;
    if (now_ms > deadline_ms) this.#broken(`it ends ${now_ms - deadline_ms} ms after its deadline`);
    if (now_ms > this.#expiry_ms) this.#broken(`it ends ${now_ms - this.#expiry_ms} ms after its result was final`);
    for (const timer of this.#set) this.#broken(`the time of ${timer} runs on after the end`);
  }
}
