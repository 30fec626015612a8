import { type DayTotal, type Denial, type FlowDemand, NOTHING, Ticket } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { GateTicket, Here, Holder } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';

export interface NoCallsParts {
  readonly ambient: Ambient;
  /** What calls of this data directory used before there were workers. */
  readonly inherited?: readonly DayTotal[] | undefined;
}

/** What calls ask of a gate, at a process that holds limits for others: no call ever comes to it. */
export abstract class NoCalls {
  readonly here: Here;
  readonly #ambient: Ambient;

  constructor({ ambient, inherited = [] }: NoCallsParts) {
    this.here = onlyInherited(inherited);
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
}

/** What is held is credit that workers have, used or not. */
function onlyInherited(inherited: readonly DayTotal[]): Here {
  const totals = new Map(inherited.map(({ account, day, used }) => [`${day} ${account}`, used]));
  return { held: () => NOTHING, used: (account, day) => totals.get(`${day} ${account}`) ?? NOTHING };
}
