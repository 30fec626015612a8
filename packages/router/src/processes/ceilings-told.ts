import type { Timer, Timers } from '@atp-router/kernel';
import type { CeilingReason, Ceilings } from '../engine/ceilings.ts';
import { type CeilingChange, ceilingChange } from './shared-view.ts';

/** Each dispatch that ends moves what its agents bear, and soon back. */
const EVERY_MS = 20;

/**
 * What allows accounts only so many calls at a time, as the owner has it for all, told to the workers: they need credit where
 * there is such a thing, and none where there is not.
 */
export class CeilingsTold {
  readonly #timers: Timers;
  readonly #ceilings: Pick<Ceilings, 'entries' | 'of'>;
  readonly #tell: (changes: readonly CeilingChange[]) => void;
  /** By reason and account. */
  readonly #changed: Map<string, readonly [account: string, reason: CeilingReason]> = new Map();
  #timer: Timer | undefined;

  constructor(
    timers: Timers,
    ceilings: Pick<Ceilings, 'entries' | 'of'>,
    tell: (changes: readonly CeilingChange[]) => void,
  ) {
    this.#timers = timers;
    this.#ceilings = ceilings;
    this.#tell = tell;
  }

  /** For a worker that knows nothing. */
  all(): readonly CeilingChange[] {
    return [...this.#ceilings.entries()].map((entry) => ceilingChange(...entry));
  }

  changed(account: string, reason: CeilingReason): void {
    this.#changed.set(`${reason} ${account}`, [account, reason]);
    this.#timer ??= this.#timers.after(EVERY_MS, () => this.#flush());
  }

  close(): void {
    this.#timer?.cancel();
  }

  #flush(): void {
    this.#timer = undefined;
    const changes = [...this.#changed.values()].map(([account, reason]) =>
      ceilingChange(account, reason, this.#ceilings.of(account, reason)),
    );
    this.#changed.clear();
    this.#tell(changes);
  }
}
