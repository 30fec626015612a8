import type { Ceilings } from '../engine/ceilings.ts';
import { isCeilingReason, isHeard, togetherOf } from './ceiling-rules.ts';
import type { CeilingChange } from './shared-view.ts';
import type { CeilingsView } from './worker-ceilings.ts';

/** Accounts of one worker that have a ceiling: agents and deployments. Beyond, further ones are not heard of. */
const CHANGES_MAX = 20_000;

/** Ceilings as workers report them, and as another machine says that holds the limits, made one for each account by their rules. */
export class OwnerCeilings {
  readonly #ceilings: Pick<Ceilings, 'set'>;
  readonly #by: Map<string, Map<string, CeilingChange>> = new Map();
  /** Of whoever holds the limits on another machine. */
  readonly #leader: Map<string, CeilingChange> = new Map();

  constructor(ceilings: Pick<Ceilings, 'set'>) {
    this.#ceilings = ceilings;
  }

  tell(worker: string, change: CeilingChange): void {
    const own = this.#by.get(worker) ?? new Map<string, CeilingChange>();
    this.#by.set(worker, own);
    const key = `${change.reason} ${change.account}`;
    if (change.calls === undefined) own.delete(key);
    else if (own.size < CHANGES_MAX || own.has(key)) own.set(key, change);
    if (isHeard(change.reason)) this.#apply(change);
  }

  *entries(): Generator<readonly [worker: string, change: CeilingChange]> {
    for (const [worker, own] of this.#by) for (const change of own.values()) yield [worker, change];
  }

  /** Whoever holds the limits says what is so there; what it has said before and does not any more is over. */
  follow({ is_all, changes }: CeilingsView): void {
    const gone = is_all ? [...this.#leader.values()] : [];
    if (is_all) this.#leader.clear();
    for (const change of changes) {
      const key = `${change.reason} ${change.account}`;
      if (change.calls === undefined) this.#leader.delete(key);
      else if (this.#leader.size < CHANGES_MAX || this.#leader.has(key)) this.#leader.set(key, change);
    }
    for (const change of [...gone, ...changes]) this.#apply(change);
  }

  /** It is gone, and its agents with it. */
  forget(worker: string): void {
    const own = this.#by.get(worker);
    this.#by.delete(worker);
    for (const change of own?.values() ?? []) if (isHeard(change.reason)) this.#apply(change);
  }

  #apply({ account, reason }: CeilingChange): void {
    if (!isCeilingReason(reason)) return;
    const key = `${reason} ${account}`;
    const own = [...this.#by.values()].map((of) => of.get(key)?.calls).filter((one) => one !== undefined);
    this.#ceilings.set(account, reason, togetherOf(reason, own, this.#leader.get(key)?.calls));
  }
}
