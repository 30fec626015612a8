import type { Ceilings } from '../engine/ceilings.ts';
import { isCeilingReason, togetherOf } from './ceiling-rules.ts';
import type { CeilingChange } from './shared-view.ts';

/** Accounts of one worker that have a ceiling: agents and deployments. Beyond, further ones are not heard of. */
const CHANGES_MAX = 20_000;

/** Ceilings as workers report them, made one for each account as the rules of their reasons say. */
export class OwnerCeilings {
  readonly #ceilings: Pick<Ceilings, 'set'>;
  readonly #by: Map<string, Map<string, CeilingChange>> = new Map();

  constructor(ceilings: Pick<Ceilings, 'set'>) {
    this.#ceilings = ceilings;
  }

  tell(worker: string, change: CeilingChange): void {
    const own = this.#by.get(worker) ?? new Map<string, CeilingChange>();
    this.#by.set(worker, own);
    const key = `${change.reason} ${change.account}`;
    if (change.calls === undefined) own.delete(key);
    else if (own.size < CHANGES_MAX || own.has(key)) own.set(key, change);
    this.#apply(change);
  }

  *entries(): Generator<readonly [worker: string, change: CeilingChange]> {
    for (const [worker, own] of this.#by) for (const change of own.values()) yield [worker, change];
  }

  /** It is gone, and its agents with it. */
  forget(worker: string): void {
    const own = this.#by.get(worker);
    this.#by.delete(worker);
    for (const change of own?.values() ?? []) this.#apply(change);
  }

  #apply({ account, reason }: CeilingChange): void {
    if (!isCeilingReason(reason)) return;
    const calls = [...this.#by.values()]
      .map((own) => own.get(`${reason} ${account}`)?.calls)
      .filter((one) => one !== undefined);
    const together = togetherOf(reason, calls);
    if (together !== undefined) this.#ceilings.set(account, reason, together);
  }
}
