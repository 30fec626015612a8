import { AccountLedger, type Changes, type Now, Scheduler } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { PoolView } from '../engine/gate.ts';
import type { Watchers } from '../engine/watchers.ts';
import { SESSION_PREFIX } from '../generation/accounts.ts';
import { InOrder } from './in-order.ts';
import type { LeasedTicket } from './leased-ticket.ts';
import type { Waits } from './waits.ts';

const ONE_CALL = { calls: 1, tokens: 0, usd_nanos: 0 } as const;

/** A session lives at one process: the window that follows its calls is for that one to keep, and the owner knows of none. */
export function isOwn(account: string): boolean {
  return account.startsWith(SESSION_PREFIX);
}

export interface OwnWindowsParts {
  /** The books of the process, where ceilings are set. */
  readonly accounts: AccountLedger;
  readonly waits: Waits;
  readonly watches: Watchers;
  readonly now: () => Now;
  /** It has room here: the rest is asked of credit. */
  readonly ask: (ticket: LeasedTicket) => void;
  /** What becomes of one that waited is known. */
  readonly decided: (ticket: LeasedTicket) => void;
  /** Nothing moves any more. */
  readonly done: () => void;
}

/**
 * Windows of sessions at a worker: calls that have no room there are refused or wait here, as in a single process, and ask for
 * credit afterwards. What waits for credit has its place already, so that two that waited do not come to begin beyond it.
 */
export class OwnWindows {
  readonly #parts: OwnWindowsParts;
  /** Of nothing but calls. Sessions in which nothing is in flight, and that nothing narrows, are dropped from it by age. */
  readonly #places: AccountLedger = new AccountLedger();
  readonly #queue: Scheduler<LeasedTicket> = new Scheduler(this.#places);
  /** One after the other: who leaves a window lets the next one in, who may be refused credit at once. */
  readonly #moves: InOrder<Changes<LeasedTicket>>;

  constructor(parts: OwnWindowsParts) {
    this.#parts = parts;
    this.#moves = new InOrder((changes) => this.#move(changes), parts.done);
  }

  /** Begins with a demand, whether or not it is of a session: it asks for credit, waits for its session, or is refused. */
  enter(ticket: LeasedTicket): void {
    const changes = this.#request(ticket);
    const state = ticket.own?.ticket.state;
    if (state === undefined || state.kind === 'granted') this.#parts.ask(ticket);
    else ticket.state = state;
    if (state?.kind === 'waiting') {
      ticket.has_waited = true;
      this.#parts.waits.begin(ticket);
    }
    if (changes !== undefined) this.#moves.add([changes]);
  }

  /** It has ended, or wants nothing any more. */
  leave(ticket: LeasedTicket): void {
    const place = ticket.own?.ticket;
    ticket.own = undefined;
    if (place?.state.kind === 'granted') this.#moves.add([this.#queue.release(place, 0, this.#parts.now())]);
    else if (place?.state.kind === 'waiting') this.#moves.add([this.#queue.cancel(place, this.#parts.now())]);
  }

  /** The window of a session is another one. */
  changed(account: string): void {
    const { max_parallel = Infinity, limit_parallel = Infinity } = this.#parts.accounts.windows(account) ?? {};
    // What is configured is the owner's to keep.
    this.#places.setCeiling(account, max_parallel < limit_parallel ? max_parallel : Number.POSITIVE_INFINITY);
    this.#moves.add([this.#queue.wake(account, this.#parts.now())]);
  }

  /** Takes out who has waited long enough. */
  expire(): void {
    this.#moves.add([this.#queue.expire(this.#parts.now())]);
  }

  get due_mono_ms(): number {
    return this.#queue.due_mono_ms ?? Number.POSITIVE_INFINITY;
  }

  setMaxWaiting(most: number): void {
    this.#queue.setMaxWaiting(most);
  }

  wait_ms(account: string, qos: Qos): number | undefined {
    return this.#queue.wait_ms(account, qos, this.#parts.now());
  }

  waiting(account: string): number {
    return this.#queue.pool(account)?.queue.size ?? 0;
  }

  pools(): Iterable<PoolView> {
    return this.#queue.pools();
  }

  #request(ticket: LeasedTicket): Changes<LeasedTicket> | undefined {
    for (const [part, its] of ticket.parts.entries()) {
      const account = its.kind === 'reserve' && its.amounts.calls > 0 ? its.accounts.find(isOwn) : undefined;
      if (account === undefined) continue;
      const parts = [{ kind: 'reserve', accounts: [account], amounts: ONE_CALL, wait_ms: its.wait_ms }] as const;
      const demand = { owner: ticket, key: ticket.key, parts, is_preemptible: false };
      const { ticket: place, changes } = this.#queue.request(demand, this.#parts.now());
      ticket.own = { ticket: place, part };
      return changes;
    }
    return undefined;
  }

  #move({ decided, ...signs }: Changes<LeasedTicket>): void {
    const { waits, watches, now, ask } = this.#parts;
    watches.signs(signs);
    for (const place of decided) {
      const { owner: ticket, state, since_mono_ms } = place;
      // Somebody who was told of another one has withdrawn it.
      if (ticket.own?.ticket !== place || ticket.state.kind !== 'waiting') continue;
      waits.end(ticket);
      ticket.waited(now().mono_ms - since_mono_ms, ticket.own.part);
      if (state.kind === 'granted') ask(ticket);
      else ticket.state = state;
      if (ticket.state.kind !== 'waiting') this.#parts.decided(ticket);
    }
  }
}
