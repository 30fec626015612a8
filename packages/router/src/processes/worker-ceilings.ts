import type { Ceilings } from '../engine/ceilings.ts';
import { isFollowed } from './ceiling-rules.ts';
import { type CeilingChange, ceilingChange } from './shared-view.ts';

/** Ceilings that a worker follows: its owner says what is so for all, of answers and of agents. */
export class WorkerCeilings {
  readonly #ceilings: Pick<Ceilings, 'set' | 'entries'>;

  constructor(ceilings: Pick<Ceilings, 'set' | 'entries'>) {
    this.#ceilings = ceilings;
  }

  /** `is_all`: there are no others. */
  take({ is_all, changes }: CeilingsView): void {
    const gone = is_all ? this.#without(changes) : [];
    for (const { account, reason, calls } of [...gone, ...changes])
      if (isFollowed(reason)) this.#ceilings.set(account, reason, calls ?? Number.POSITIVE_INFINITY);
  }

  #without(changes: readonly CeilingChange[]): CeilingChange[] {
    const there = new Set(changes.map(({ account, reason }) => `${reason} ${account}`));
    return [...this.#ceilings.entries()]
      .filter(([account, reason]) => isFollowed(reason) && !there.has(`${reason} ${account}`))
      .map(([account, reason]) => ({ account, reason, calls: undefined }));
  }
}

/** From the owner: what allows accounts only so many calls at a time. */
export interface CeilingsView {
  readonly is_all: boolean;
  readonly changes: readonly CeilingChange[];
}

/** What the agents of this process bear, as it was told to the owner last. */
export class OwnCapacity {
  readonly #tell: (change: CeilingChange) => void;
  /** By account; as many as there are deployments of agents, which are bounded. */
  readonly #told: Map<string, number> = new Map();

  constructor(tell: (change: CeilingChange) => void) {
    this.#tell = tell;
  }

  /** `Infinity`: agents here do not limit it. That is nothing, and not none. */
  set(account: string, calls: number): void {
    if ((this.#told.get(account) ?? Number.POSITIVE_INFINITY) === calls) return;
    if (Number.isFinite(calls)) this.#told.set(account, calls);
    else this.#told.delete(account);
    this.#tell(ceilingChange(account, 'agents', calls));
  }

  /** There is an owner that knows nothing. */
  tellAll(): void {
    for (const [account, calls] of this.#told) this.#tell(ceilingChange(account, 'agents', calls));
  }
}
