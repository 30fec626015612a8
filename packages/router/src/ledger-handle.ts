import {
  type Config,
  type DaySumsOf,
  type Journal,
  type LedgerStore,
  openLedger,
  systemClock,
  type TornTail,
} from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import type {
  BudgetDay,
  CallEnded,
  ConsensusStore,
  EntityRow,
  IdempotencyRow,
  KillRow,
  LearnedStore,
  SavingsStore,
  ShadowStore,
  UsageStore,
} from '@atp-router/ledger';
import type { ClaimArchive } from './engine/idempotency.ts';

/** What the time before this process left behind. */
export interface StartState {
  /** Totals of the present UTC day and of one beside it, see `startDays`; recovered calls included. */
  readonly budgets: readonly BudgetDay[];
  readonly entities: readonly EntityRow[];
  readonly kills: readonly KillRow[];
  /** Calls that a dead process left open, settled as `interrupted`. They are in the journal already. */
  readonly recovered: readonly CallEnded[];
  /** Set when a crash had cut off a write, which was removed; what it held was never acknowledged. */
  readonly torn?: TornTail;
  /** Why the tables were made anew from the journal, if they were. */
  readonly rebuilt?: string;
}

/** The ledger as the router uses it. */
export interface LedgerHandle {
  readonly journal: Journal;
  readonly start: StartState;
  readonly claims: ClaimArchive;
  /** Usage records and their sums, as far as the projection has come. */
  readonly usage: UsageStore;
  /** Sessions of fan-outs, as far as it has come. */
  readonly consensus: ConsensusStore;
  /** What this node and others have learned of who answers, and recent sessions. */
  readonly learned: LearnedStore;
  /** Sums of what `auto` chose, of all nodes of the database. */
  readonly savings: SavingsStore;
  /** What shadow models were compared with, of all nodes of the database. */
  readonly shadows: ShadowStore;
  /** Blocks that are in the journal and not yet in the tables. */
  lagBlocks(): number;
  /** Makes the tables anew from the journal. */
  rebuild(): Promise<void>;
  close(): Promise<void>;
}

/** Where tables are that are not where the configuration says, and whose totals of days count at the start. */
export interface LedgerPlace {
  readonly store?: LedgerStore | undefined;
  readonly sums_of?: DaySumsOf | undefined;
}

/** Opens journal and tables, and settles what dead processes left open. Throws `AtpError` with what is wrong. */
export async function openRouterLedger(
  config: Config,
  node_id: string,
  on_problem: (problem: AtpError) => void,
  on_state: (failure: AtpError | undefined) => void = () => undefined,
  { store = storeOf(config), sums_of }: LedgerPlace = {},
): Promise<LedgerHandle> {
  const ledger = await openLedger({
    ...config.journal,
    data_dir: config.data_dir,
    node_id,
    clock: systemClock,
    on_problem,
    on_state,
    ...(store && { store }),
    ...(sums_of && { sums_of }),
  });
  const recovery = ledger.recover();
  const dead = new Set(ledger.start.claims.filter((c) => c.state === 'interrupted').map((c) => c.scope_hash));
  return {
    journal: ledger.journal,
    start: {
      budgets: recovery.budgets,
      entities: ledger.start.entities,
      kills: ledger.start.kills,
      recovered: recovery.events,
      ...(ledger.start.torn && { torn: ledger.start.torn }),
      ...(ledger.start.rebuilt !== undefined && { rebuilt: ledger.start.rebuilt }),
    },
    claims: { find: async (scope_hash) => archived(await ledger.ask('claims.find', scope_hash), dead) },
    usage: ledger.usage,
    consensus: ledger.consensus,
    learned: ledger.learned,
    savings: ledger.savings,
    shadows: ledger.shadows,
    lagBlocks: () => ledger.lagBlocks(),
    rebuild: () => ledger.rebuild(),
    close: () => ledger.close(),
  };
}

/** Undefined means the embedded database of the data directory. */
function storeOf(config: Config): LedgerStore | undefined {
  const { type, url } = config.store;
  return type === 'postgres' && url !== undefined ? { type: 'postgres', url } : undefined;
}

/**
 * What the tables know of a key that this process does not have in memory. They lag behind the journal a little: a row
 * that says `running` is a dead process's claim only if it was there at the start; otherwise its call has just ended
 * without an outcome, and the key is free.
 */
function archived(
  row: IdempotencyRow | undefined,
  dead: ReadonlySet<string>,
): Awaited<ReturnType<ClaimArchive['find']>> {
  if (row === undefined || (row.state === 'running' && !dead.has(row.scope_hash))) return undefined;
  return {
    body_hash: row.body_hash,
    call_id: row.call_id,
    expires_ms: row.expires_ms,
    sealed: row.sealed === '' ? undefined : row.sealed,
    interrupted: row.state !== 'done',
  };
}
