import type { CreditOptions, ElectionOptions } from '@atp-router/flow';

/** Times that processes and machines have in common. */
export interface Pace {
  readonly election?: Partial<ElectionOptions>;
  readonly credit?: Partial<CreditOptions>;
  /** From one exchange of what was learned of who answers to the next. */
  readonly learned_ms?: number;
}
