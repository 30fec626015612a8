import type { ProvisionalSettings } from '../plan.ts';
import type { Reconciled, Strategy } from '../strategy.ts';

/** A result, and what made it: by the time it stands for good somebody else may be deciding. */
interface Told {
  readonly result: Reconciled;
  readonly by: Strategy;
}

interface Telling {
  readonly revision: number;
  readonly expiry_ms: number;
}

/** Whether a result is told before it is final, and what was told last. */
export class Provisional {
  readonly #settings: ProvisionalSettings | undefined;
  #is_tight: boolean;
  #current: Told | undefined;
  #told = 0;

  constructor(settings: ProvisionalSettings | undefined) {
    this.#settings = settings;
    this.#is_tight = (settings?.after_ms ?? 0) === 0;
  }

  /** The result that stands until it is revised. */
  get current(): Told | undefined {
    return this.#current;
  }

  /** How often it was told anew. */
  get revisions(): number {
    return Math.max(0, this.#told - 1);
  }

  isTight(): void {
    this.#is_tight = true;
  }

  /** Whether it is worth asking for a result at all. */
  isDue(answers: number): boolean {
    return this.#settings !== undefined && this.#is_tight && answers > 0;
  }

  /** Undefined: too few answers that agree too little, or it says what was told last. */
  tell(result: Reconciled, answers: number, by: Strategy): Telling | undefined {
    const settings = this.#settings;
    if (settings === undefined) return undefined;
    const { quorum_min = Number.POSITIVE_INFINITY, agree_min = Number.POSITIVE_INFINITY } = settings;
    const is_enough = answers >= quorum_min || (answers > 1 && result.agreement >= agree_min);
    if (this.#current === undefined ? !is_enough : isSame(this.#current.result, result)) return undefined;
    this.#current = { result, by };
    this.#told += 1;
    return { revision: this.#told - 1, expiry_ms: settings.expiry_ms };
  }
}

function isSame(a: Reconciled, b: Reconciled): boolean {
  if (a.text !== b.text || a.findings?.length !== b.findings?.length) return false;
  return (a.findings ?? []).every(({ id }, i) => b.findings?.[i]?.id === id);
}
