import type { AccountLedger } from '../../account-ledger.ts';
import type { AccountLimits, Amounts } from '../../amounts.ts';
import type { Now } from '../../scheduler/changes.ts';
import type { DayTotal, OwnerMessage, WorkerMessage } from '../messages.ts';
import type { CreditOptions } from '../options.ts';
import type { CreditOwner, OwnerSetup } from '../owner.ts';
import type { WorkerSetup } from '../worker-effects.ts';
import type { CreditTicket } from '../worker-ticket.ts';
import type { CreditWorker } from '../worker.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { Plan, PlannedCall } from './plan.ts';
import type { Time } from './time.ts';

/** A call of the history, and what became of it. */
export interface Call {
  readonly plan: PlannedCall;
  ticket: CreditTicket<Call> | undefined;
  answers: number;
  is_over: boolean;
}

/** One incarnation of a worker, as others see it. */
export interface WorkerEnd {
  readonly index: number;
  readonly name: string;
  readonly incarnation: number;
  readonly core: CreditWorker<Call>;
  readonly calls: ReadonlySet<Call>;
  /** Those of them that were granted. */
  readonly running: ReadonlySet<Call>;
  readonly is_alive: boolean;
  readonly is_partitioned: boolean;
  /** Whom its messages reach. */
  readonly owner: OwnerEnd | undefined;
  /** Once it is dead: who has read its journal. */
  readonly recovery: 'self' | 'other' | 'nobody' | undefined;
  readonly is_recovered: boolean;
  /** True use, by account and day. */
  readonly used: ReadonlyMap<string, DayTotal>;
  /** What calls used beyond what they held: nobody could have known. */
  readonly over_used: Amounts;
  /** What its calls hold at an account. */
  held(account: string): Amounts;
}

export interface OwnerEnd {
  readonly epoch: number;
  readonly ledger: AccountLedger;
  readonly core: CreditOwner;
  readonly is_alive: boolean;
  receive(message: WorkerMessage): void;
}

/** Told of what happens, and says when it must not. */
export interface Watch {
  broken(what: string): void;
  before(owner: OwnerEnd): void;
  after(owner: OwnerEnd, input: string): void;
  /** A call holds more at these accounts. */
  admitted(worker: WorkerEnd, accounts: readonly string[], is_at_once: boolean): void;
}

/** What happened in histories, for who wants to know whether they were worth playing. */
export interface CreditFacts {
  histories: number;
  calls: number;
  granted: number;
  refused: number;
  escalated: number;
  stopped: number;
  messages: number;
  lost: number;
  repeated: number;
  crashes: number;
  takeovers: number;
  lapses: number;
}

export function noFacts(): CreditFacts {
  const world = { histories: 0, calls: 0, granted: 0, refused: 0, escalated: 0, stopped: 0 };
  return { ...world, messages: 0, lost: 0, repeated: 0, crashes: 0, takeovers: 0, lapses: 0 };
}

/** How owners and workers are made, and what is done to what they say; for faults that the simulation has to find. */
export interface Machines {
  readonly makeOwner?: (setup: OwnerSetup, now: Now) => CreditOwner;
  readonly makeWorker?: (setup: WorkerSetup) => CreditWorker<Call>;
  readonly toWorker?: (message: OwnerMessage) => OwnerMessage;
  readonly toOwner?: (message: WorkerMessage) => WorkerMessage;
}

export interface EndedCall {
  readonly at_ms: number;
  readonly tenant: string;
  readonly worker: number;
  readonly tokens: number;
}

/** Where processes live. */
export interface Scene {
  readonly plan: Plan;
  readonly time: Time;
  readonly draw: Draw;
  readonly facts: CreditFacts;
  readonly judge: Watch;
  readonly options: CreditOptions;
  /** In force at the owner. */
  readonly limits: ReadonlyMap<string, AccountLimits>;
  /** The latest incarnation of each worker. */
  readonly workers: readonly WorkerEnd[];
  readonly all: readonly WorkerEnd[];
  readonly owners: readonly OwnerEnd[];
  /** Whom the election has chosen last; undefined while there is none. */
  readonly owner: OwnerEnd | undefined;
  readonly wall_ms: number;
  /** Calls that have ended, by true time. */
  readonly ended: EndedCall[];
  /** Calls that were told to stop for others. */
  readonly stopped: PlannedCall[];
  makeOwner(setup: OwnerSetup, now: Now): CreditOwner;
  makeWorker(setup: WorkerSetup): CreditWorker<Call>;
  workerLimits(index: number): ReadonlyMap<string, AccountLimits>;
  toOwner(worker: WorkerEnd, message: WorkerMessage): void;
  toWorker(owner: OwnerEnd, message: OwnerMessage): void;
}
