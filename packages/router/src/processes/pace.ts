import type { CreditOptions, ElectionOptions } from '@atp-router/flow';

/** Times that processes and machines have in common. */
export interface Pace {
  readonly election?: Partial<ElectionOptions>;
  readonly credit?: Partial<CreditOptions>;
}
