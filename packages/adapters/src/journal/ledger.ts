import type { AtpError } from '@atp-router/kernel';
import {
  addBudgetDays,
  type BudgetDay,
  budgetDay,
  budgetDayKey,
  type CallEnded,
  type ConsensusStore,
  type EntityStore,
  type LearnedStore,
  merge,
  recoverCalls,
  type SavingsStore,
  type ShadowStore,
  type UsageStore,
} from '@atp-router/ledger';
import type { ClaimHead, DaySumsOf } from '../sql/index.ts';
import { journalPath } from './files.ts';
import { openJournal } from './journal.ts';
import { lockDataDir } from './lock.ts';
import type { JournalLimit } from './projector.ts';
import {
  type Answers,
  consensusStoreFrom,
  entityStoreFrom,
  learnedStoreFrom,
  savingsStoreFrom,
  shadowStoreFrom,
  usageStoreFrom,
} from './questions.ts';
import type { TornTail } from './segment.ts';
import { embeddedStore, type LedgerStore } from './store-place.ts';
import type { Journal, JournalOptions } from './types.ts';
import { WorkerClient, type WorkerStart } from './worker-client.ts';

export interface LedgerOptions extends Omit<JournalOptions, 'dir' | 'on_block'> {
  /** Holds journal, lock and, unless `store` says otherwise, the tables. Made with mode 0700. */
  readonly data_dir: string;
  readonly store?: LedgerStore;
  /** Whose totals of days the start is told; absent: of all nodes in the tables. */
  readonly sums_of?: DaySumsOf;
  /** Journal files and call records older than this are removed; 0 keeps all. Daily sums stay for ever. */
  readonly retain_days: number;
  /** Told of everything that keeps the tables from following the journal. Calls are not affected. */
  readonly on_problem?: (problem: AtpError) => void;
  /** The projection worker's script; another one only in tests. */
  readonly worker_script?: URL;
}

/** What the journal says about the time before this process. */
export interface LedgerStart extends Omit<WorkerStart, 'rebuilt'> {
  /** Set when a crash had cut off a write; what it held was never acknowledged. */
  readonly torn?: TornTail;
  /** Why the tables were made anew from the journal, if they were. */
  readonly rebuilt?: string;
}

export interface Recovery {
  /** One for each call that a dead process left open. */
  readonly events: readonly CallEnded[];
  /** Totals of the days that `start.budgets` is about, with these calls. */
  readonly budgets: readonly BudgetDay[];
}

/** The journal with its tables. One process at a time has the ledger of a data directory. */
export interface Ledger extends Answers {
  readonly journal: Journal;
  readonly start: LedgerStart;
  readonly usage: UsageStore;
  readonly consensus: ConsensusStore;
  readonly learned: LearnedStore;
  readonly savings: SavingsStore;
  readonly shadows: ShadowStore;
  readonly entities: EntityStore;
  /** Settles what dead processes left open: appends the events and writes them. Afterwards no call is open. Once, before serving. */
  recover(): Recovery;
  /** Blocks that are written and not yet in the tables. */
  lagBlocks(): number;
  /** Makes the tables anew from the journal; questions wait meanwhile. */
  rebuild(): Promise<void>;
  /** Writes and syncs what is left, brings the tables up to date, gives the directory free. */
  close(): Promise<void>;
}

/** Often enough that a day's files go within the day, rare enough not to matter. */
const RETENTION_MS = 3_600_000;

/**
 * Takes the directory, starts a new epoch of the journal, and waits until the tables hold everything before it. Throws
 * when another router has the directory, when the journal is damaged, or when the tables cannot be reached.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { data_dir, clock, node_id, store = embeddedStore(data_dir), on_problem = ignoreProblem } = options;
  const lock = lockDataDir(data_dir);
  let journal: Journal | undefined;
  let client: WorkerClient | undefined;
  try {
    const dir = journalPath(data_dir);
    const opened = openJournal({ ...options, dir, on_block: () => client?.notice() });
    journal = opened;
    client = new WorkerClient({
      input: { dir, node_id, store, now_ms: clock.now_ms(), ...(options.sums_of && { sums_of: options.sums_of }) },
      end: () => endOf(opened),
      on_problem,
      ...(options.worker_script && { script: options.worker_script }),
    });
    const start = startState(await client.start(), opened.torn);
    return new OpenLedger(opened, client, start, options, () => lock.release());
  } catch (error) {
    await client?.close();
    await journal?.close();
    lock.release();
    throw error;
  }
}

function ignoreProblem(): void {
  // Without a listener problems show in the lag alone.
}

function endOf(journal: Journal): JournalLimit & { readonly blocks: number } {
  const { epoch, valid_bytes } = journal;
  return { epoch, valid_bytes, blocks: journal.stats().blocks_total };
}

function startState(tables: WorkerStart, torn: TornTail | undefined): LedgerStart {
  // Their process is dead, so no claim of before can still be running.
  const claims = tables.claims.map(
    (claim): ClaimHead => (claim.state === 'running' ? { ...claim, state: 'interrupted' } : claim),
  );
  return { ...tables, claims, ...(torn && { torn }) };
}

class OpenLedger implements Ledger {
  readonly journal: Journal;
  readonly start: LedgerStart;
  readonly usage: UsageStore;
  readonly consensus: ConsensusStore;
  readonly learned: LearnedStore;
  readonly savings: SavingsStore;
  readonly shadows: ShadowStore;
  readonly entities: EntityStore;
  readonly ask: Answers['ask'];
  readonly #client: WorkerClient;
  readonly #release: () => void;
  readonly #retention: NodeJS.Timeout;
  #recovered = false;

  constructor(journal: Journal, client: WorkerClient, start: LedgerStart, options: LedgerOptions, release: () => void) {
    this.journal = journal;
    this.start = start;
    this.ask = (name, ...args) => client.ask(name, ...args);
    this.usage = usageStoreFrom(client);
    this.consensus = consensusStoreFrom(client);
    this.learned = learnedStoreFrom(client);
    this.savings = savingsStoreFrom(client);
    this.shadows = shadowStoreFrom(client);
    this.entities = entityStoreFrom(client);
    this.#client = client;
    this.#release = release;
    let last_mono_ms = options.clock.mono_ms();
    const retain = (): void => {
      const mono_ms = options.clock.mono_ms();
      client.retain(options.clock.now_ms(), mono_ms - last_mono_ms, options.retain_days);
      last_mono_ms = mono_ms;
    };
    this.#retention = setInterval(retain, RETENTION_MS);
    this.#retention.unref();
    client.retain(options.clock.now_ms(), 0, options.retain_days);
  }

  recover(): Recovery {
    const { budget_days, budgets, open_calls } = this.start;
    const events = this.#recovered ? [] : recoverCalls(open_calls);
    this.#recovered = true;
    for (const event of events) this.journal.append(event);
    this.journal.flushNow();
    if (this.journal.failure !== undefined) throw this.journal.failure;
    const days = new Map(budgets.map((day) => [budgetDayKey(day), day]));
    for (const day of events.map((event) => budgetDay(event))) {
      if (budget_days.includes(day.day)) merge(days, budgetDayKey(day), day, addBudgetDays);
    }
    return { events, budgets: [...days.values()] };
  }

  lagBlocks(): number {
    return this.#client.lagBlocks();
  }

  rebuild(): Promise<void> {
    return this.#client.rebuild();
  }

  async close(): Promise<void> {
    clearInterval(this.#retention);
    await this.journal.close();
    await this.#client.close();
    this.#release();
  }
}
