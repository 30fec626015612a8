import type { Clock, Timers } from '@atp-router/kernel';
import type { BudgetStore, IdempotencyStore, LeaseStore } from '@atp-router/ledger';
import { IdempotencyIndex, type IdempotencyKeys, type IdempotencyOptions, type Sealer } from '../engine/idempotency.ts';
import type { SharedBudgets } from '../engine/shared-budgets.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import { StoreBudgets } from './budgets.ts';
import { SharedIdempotency } from './idempotency.ts';
import { endLeftovers } from './leftovers.ts';
import { Outbox } from './outbox.ts';
import { Reach } from './reach.ts';
import { nameTaken, Role } from './roles.ts';
import { Rounds } from './rounds.ts';
import type { SharedTuning } from './tuning.ts';

/** Lapsed and forgotten rows that one statement removes, and how often a round does so: what a busy day leaves behind. */
const SWEPT_AT_ONCE = 10_000;
const SWEEPS_PER_ROUND = 10;

export interface SharedStores {
  readonly budgets: BudgetStore;
  readonly claims: IdempotencyStore;
  readonly leases: LeaseStore;
  close(): Promise<void>;
}

export interface SharedStateParts {
  readonly stores: SharedStores;
  readonly node_id: string;
  /** Names the data directory: the same after a restart, another one for a copy of the configuration elsewhere. */
  readonly directory: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly tuning: SharedTuning;
  /** Told of rounds that failed; calls notice by themselves. */
  readonly onProblem: (error: unknown) => void;
}

/** What the ledger knows of calls that are over. */
export type SharedTruth = Pick<LedgerHandle, 'claims' | 'usage'>;

/** The state that several routers have in common: daily budgets and idempotency keys, and the leases that keep it clean. */
export class SharedState {
  readonly budgets: SharedBudgets;
  readonly #parts: SharedStateParts;
  readonly #store_budgets: StoreBudgets;
  readonly #outbox: Outbox;
  readonly #reach: Reach;
  readonly #name: Role;
  readonly #sweeper: Role;
  #keys: SharedIdempotency | undefined;
  #rounds: Rounds | undefined;
  /** Dropped deliveries that were found again by what the journal says. */
  #made_up_for = 0;

  private constructor(parts: SharedStateParts) {
    const { stores, node_id, directory, clock, timers, tuning } = parts;
    this.#parts = parts;
    this.#outbox = new Outbox(timers);
    this.#reach = new Reach(clock, timers, tuning.answer_ms);
    this.#name = new Role(stores.leases, `node:${node_id}`, directory, tuning.role_lease_ms);
    this.#sweeper = new Role(stores.leases, 'sweeper', node_id, tuning.role_lease_ms);
    this.#store_budgets = new StoreBudgets({
      ...{ store: stores.budgets, reach: this.#reach, outbox: this.#outbox, clock },
      ...{ owner: node_id, lease_ms: tuning.reservation_lease_ms },
    });
    this.budgets = this.#store_budgets;
  }

  /** Takes the node's name. Throws `config_invalid` when another data directory has it. */
  static async open(parts: SharedStateParts): Promise<SharedState> {
    const state = new SharedState(parts);
    const lapses_ms = await state.#name.take();
    if (lapses_ms !== undefined) throw nameTaken(parts.node_id, lapses_ms - parts.clock.now_ms());
    return state;
  }

  /** Ends that the store has not confirmed. */
  get unconfirmed(): number {
    return this.#outbox.size;
  }

  /** Idempotency keys of all routers. Once. */
  keys(options: IdempotencyOptions): IdempotencyKeys {
    const { stores, clock, timers, sealer, node_id, tuning } = this.#parts;
    // The store knows of earlier processes and of keys that left the memory: the tables are not asked.
    const local = new IdempotencyIndex({ find: async () => undefined }, sealer, options);
    this.#keys = new SharedIdempotency(local, {
      ...{ store: stores.claims, reach: this.#reach, outbox: this.#outbox, clock, timers, sealer },
      ...{ owner: node_id, elsewhere_ms: tuning.elsewhere_ms },
    });
    return this.#keys;
  }

  /**
   * Ends what an earlier process of this node left in the store, by what the ledger says of its calls, and begins the
   * rounds. Once, after the ledger has recovered and before the first call.
   */
  async start(truth: SharedTruth): Promise<void> {
    await this.#endLeftovers(truth);
    const { timers, tuning, onProblem } = this.#parts;
    this.#rounds = new Rounds(timers, tuning.round_ms, () => this.#round(truth), onProblem);
  }

  /** Delivers what it can in a bounded time, gives the roles back, closes the store. No call may run any more. */
  async close(): Promise<void> {
    await this.#rounds?.close(this.#parts.tuning.drain_ms);
    await this.#outbox.drain(this.#parts.tuning.drain_ms);
    // A store that is away has no use for it: both lapse by themselves.
    await this.#reach.ask(() => this.#sweeper.giveBack()).catch(() => undefined);
    await this.#reach.ask(() => this.#name.giveBack()).catch(() => undefined);
    await this.#parts.stores.close();
  }

  async #round(truth: SharedTruth): Promise<void> {
    const { clock, node_id, onProblem } = this.#parts;
    const lapses_ms = await this.#reach.ask(() => this.#name.take());
    if (lapses_ms !== undefined) onProblem(nameTaken(node_id, lapses_ms - clock.now_ms()));
    await this.#store_budgets.renew();
    const { dropped } = this.#outbox;
    if (dropped !== this.#made_up_for) await this.#endLeftovers(truth);
    this.#made_up_for = dropped;
    if ((await this.#reach.ask(() => this.#sweeper.take())) === undefined) await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const { budgets, claims } = this.#parts.stores;
    for (let i = 0; i < SWEEPS_PER_ROUND; i += 1) {
      const swept = await budgets.sweep(SWEPT_AT_ONCE);
      const forgotten = await claims.forgetExpired(SWEPT_AT_ONCE);
      if (swept < SWEPT_AT_ONCE && forgotten < SWEPT_AT_ONCE) return;
    }
  }

  #endLeftovers({ usage, claims }: SharedTruth): Promise<void> {
    const { stores, node_id } = this.#parts;
    return endLeftovers({
      budgets: stores.budgets,
      claims: stores.claims,
      owner: node_id,
      usageOf: (call_id) => usage.get(call_id),
      archive: claims,
      hasReservation: (call_id) => this.#store_budgets.has(call_id),
      hasClaim: (call_id) => this.#keys?.has(call_id) === true,
    });
  }
}
