import type { Escalation } from '../plan.ts';
import { holds, type Signs } from './triggers.ts';
import type { EscalationCause } from './types.ts';

/** Which escalations of a plan were used, each once, and what for. */
export class Escalations {
  readonly #all: readonly Escalation[];
  readonly #used: Set<Escalation> = new Set();
  #cause: EscalationCause | undefined;

  constructor(all: readonly Escalation[]) {
    this.#all = all;
  }

  /** What called for the last one. */
  get cause(): EscalationCause | undefined {
    return this.#cause;
  }

  /** The first that was not used, whose trigger holds where there are signs to hold it against. */
  next(signs: Signs | undefined): Escalation | undefined {
    return this.#all.find((one) => !this.#used.has(one) && (signs === undefined || holds(one, signs)));
  }

  use(escalation: Escalation, cause: EscalationCause): void {
    this.#used.add(escalation);
    this.#cause = cause;
  }

  /** Whether a trigger holds still that somebody was asked for. */
  isLeft(signs: Signs): boolean {
    for (const one of this.#used) if (holds(one, signs)) return true;
    return false;
  }
}
