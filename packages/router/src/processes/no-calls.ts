import { type AccountLedger, type Amounts, type Denial, type FlowDemand, Ticket } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { GateTicket, Holder } from '../engine/gate.ts';
import { outAt } from '../engine/held-here.ts';
import type { Ambient } from '../engine/ports.ts';

/** What calls ask of a gate, at a process that holds limits for others: no call ever comes to it. */
export abstract class NoCalls {
  readonly #accounts: AccountLedger;
  readonly #ambient: Ambient;

  constructor({ accounts, ambient }: { readonly accounts: AccountLedger; readonly ambient: Ambient }) {
    this.#accounts = accounts;
    this.#ambient = ambient;
  }

  request(demand: FlowDemand<Holder>): GateTicket {
    const ticket = new Ticket(demand, this.#ambient.clock.mono_ms());
    const thrown = new AtpError('internal_error', 'This process holds the limits for others and serves no calls.');
    ticket.state = { kind: 'failed', thrown };
    return ticket;
  }

  replace(): void {}

  settle(): void {}

  release(): void {}

  adjust(): Denial | undefined {
    return undefined;
  }

  renew(): void {}

  cancel(): void {}

  /** Nothing of its own runs. */
  rest(): void {}

  /** All of it: credit that workers have, used or not. */
  elsewhere(account: string): Amounts {
    return outAt(this.#accounts, account);
  }
}
