import type { AccountLedger } from '@atp-router/flow';
import type { FlowWatch } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { ProcessRole, RouterOptions } from '../options.ts';
import type { Seat } from './seat.ts';

export interface OwnerParts {
  readonly options: RouterOptions;
  readonly seat: Seat;
  readonly role: Extract<ProcessRole, { kind: 'owner' }>;
  readonly ledger: LedgerHandle;
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch: FlowWatch;
}
