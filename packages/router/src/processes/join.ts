import type { AccountLedger } from '@atp-router/flow';
import type { FlowWatch } from '../engine/gate.ts';
import type { Ambient } from '../engine/ports.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { RouterOptions } from '../options.ts';
import type { Membership } from './membership.ts';
import type { Seat } from './seat.ts';

export interface JoinParts {
  readonly options: RouterOptions;
  readonly seat: Seat;
  readonly ledger: LedgerHandle;
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch: FlowWatch;
}

/** Takes the place among other processes that the role says; undefined for a process that is alone. */
export async function joinOthers(parts: JoinParts): Promise<Membership | undefined> {
  const { role } = parts.seat;
  if (role.kind === 'single') return undefined;
  if (role.kind === 'owner') {
    const { OwnerMember } = await import('./owner-member.ts');
    return OwnerMember.open({ ...parts, role });
  }
  const { WorkerMember } = await import('./worker-member.ts');
  return WorkerMember.join({ ...parts, role });
}
