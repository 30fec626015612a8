import type { AccountLedger } from '@atp-router/flow';
import type { FlowWatch } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { ProcessRole, RouterOptions } from '../options.ts';
import type { Seat } from './seat.ts';

/** What a process brings along that takes its place among others. */
export interface JoinParts {
  readonly options: RouterOptions;
  readonly seat: Seat;
  readonly ledger: LedgerHandle;
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch: FlowWatch;
}

export interface OwnerParts extends JoinParts {
  readonly role: Extract<ProcessRole, { kind: 'owner' }>;
}

export interface WorkerParts extends JoinParts {
  readonly role: Extract<ProcessRole, { kind: 'worker' }>;
}
