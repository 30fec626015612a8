import type { Outcome } from '@atp-router/routing';
import type { EngineEnv } from './env.ts';
import type { GateTicket } from './gate.ts';
import { PLACE_PART } from './funds.ts';
import type { Demand } from './purse.ts';
import type { Pending } from './pending.ts';

/** What the attempts of one call hold: a permit of the breaker, and a place at provider and model. Each is given back once. */
export class Holdings {
  readonly #env: EngineEnv;
  /** Both by attempt number, from 1. */
  readonly #permits: (Pending | undefined)[] = [];
  readonly #tickets: (GateTicket | undefined)[] = [];

  constructor(env: EngineEnv) {
    this.#env = env;
  }

  /** It was permitted to try its target. */
  permitted(p: Pending): void {
    this.#permits[p.n] = p;
  }

  /** What became of it, as far as its target's health is concerned. */
  record(n: number, outcome: Outcome, ttfb_ms: number | undefined): void {
    const p = this.#permits[n];
    if (p === undefined) return;
    this.#permits[n] = undefined;
    this.#env.health.record(p.target.model, p.permit, outcome, ttfb_ms, this.#env.ambient.clock.mono_ms());
  }

  /** It asked for funds and a place together, and has them or waits. */
  asked(n: number, ticket: GateTicket): void {
    this.#tickets[n] = ticket;
  }

  /** An answer grew beyond what was expected: what its target has outstanding follows, as far as there is room. */
  grow(n: number, demand: Demand): void {
    const state = this.#tickets[n]?.state;
    const reservation = state?.kind === 'granted' ? state.reservations[PLACE_PART] : undefined;
    if (reservation?.state === 'open') this.#env.gate.adjust(reservation, { calls: 1, ...demand });
  }

  /** Leaves the queue, or gives the place back. `used`: what it used there. The funds that came with it are the call's. */
  leave(n: number, used: Demand | undefined): void {
    const ticket = this.#tickets[n];
    if (ticket === undefined) return;
    this.#tickets[n] = undefined;
    try {
      this.#leave(ticket, used);
    } catch (thrown) {
      this.#tickets[n] = ticket;
      throw thrown;
    }
  }

  #leave(ticket: GateTicket, used: Demand | undefined): void {
    const { gate } = this.#env;
    const { kind } = ticket.state;
    if (kind === 'waiting') gate.cancel(ticket);
    else if (kind !== 'granted' && kind !== 'lapsed') return;
    else if (used === undefined) gate.release(ticket, PLACE_PART);
    else gate.settle(ticket, PLACE_PART, { calls: 1, ...used });
  }

  /** The call broke down: whatever was not given back. Never throws. */
  leaveAll(): void {
    const { faults } = this.#env;
    for (let n = 1; n < this.#tickets.length; n += 1) faults.safely(() => this.leave(n, undefined));
    for (let n = 1; n < this.#permits.length; n += 1) faults.safely(() => this.record(n, 'ignored', undefined));
  }
}
