import type { LimiterTicket } from '@atp-router/flow';
import type { Outcome } from '@atp-router/routing';
import type { EngineEnv } from './env.ts';
import type { Pending } from './pending.ts';

/** What the attempts of one call hold: a permit of the breaker, and places at model and provider. Each is given back once. */
export class Holdings {
  readonly #env: EngineEnv;
  /** Both by attempt number, from 1. */
  readonly #permits: (Pending | undefined)[] = [];
  readonly #tickets: (LimiterTicket<() => void>[] | undefined)[] = [];

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

  placed(n: number, ticket: LimiterTicket<() => void>): void {
    const tickets = this.#tickets[n];
    if (tickets === undefined) this.#tickets[n] = [ticket];
    else tickets.push(ticket);
  }

  /** Whether it has a place, or waits for one. */
  hasPlace(n: number): boolean {
    return this.#tickets[n] !== undefined;
  }

  /** Gives places back, or leaves the queue for one; starts whoever has room now. */
  leave(n: number): void {
    const tickets = this.#tickets[n];
    this.#tickets[n] = undefined;
    if (tickets === undefined) return;
    for (const ticket of tickets) this.#env.starts.tell(this.#env.limiter.cancel(ticket));
  }

  /** The call broke down: whatever was not given back. Never throws. */
  leaveAll(): void {
    const { faults } = this.#env;
    for (let n = 1; n < this.#tickets.length; n += 1) faults.safely(() => this.leave(n));
    for (let n = 1; n < this.#permits.length; n += 1) faults.safely(() => this.record(n, 'ignored', undefined));
  }
}
