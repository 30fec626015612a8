import type { Qos } from '@atp-router/kernel';
import type { DayUse } from './account.ts';
import type { Amounts } from './amounts.ts';

/** What a call holds on its accounts, on the UTC day on which it was granted. Made by `reserve`, ended exactly once. */
export class Reservation {
  readonly uses: readonly DayUse[];
  readonly qos: Qos;
  state: 'open' | 'settled' | 'released' | 'lapsed' = 'open';
  calls: number;
  tokens: number;
  usd_nanos: number;
  /** What whoever reserved keeps with it; nothing here looks at that. On a hot path a table of its own costs more. */
  beside: unknown = undefined;

  constructor(uses: readonly DayUse[], amounts: Amounts, qos: Qos) {
    this.uses = uses;
    this.qos = qos;
    this.calls = amounts.calls;
    this.tokens = amounts.tokens;
    this.usd_nanos = amounts.usd_nanos;
  }

  /** Names of its accounts, in the order in which they are asked. */
  get accounts(): readonly string[] {
    return this.uses.map(({ account }) => account.id);
  }

  /** The day whose budgets it is charged to, whenever it grows or ends: days since the Unix epoch, UTC. */
  get day(): number {
    return (this.uses[0] as DayUse).day;
  }
}

/** All of its accounts have room. */
export interface Reserved {
  readonly ok: true;
  readonly reservation: Reservation;
}

/** A reservation that a further demand would share, and the part of it that stays in use meanwhile. */
export interface OwnHold {
  readonly reservation: Reservation;
  readonly kept: Pick<Amounts, 'tokens' | 'usd_nanos'>;
}

export function amountsOf({ calls, tokens, usd_nanos }: Amounts): Amounts {
  return { calls, tokens, usd_nanos };
}

/** Changes what an account has outstanding, and holds on that day; the numbers may be negative. */
export function hold(use: DayUse, qos: Qos, calls: number, tokens: number, usd_nanos: number): void {
  use.hold(calls, tokens, usd_nanos);
  use.account.hold(qos, calls, tokens, usd_nanos);
}
