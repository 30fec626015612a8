import type { AtpError } from '@atp-router/kernel';
import { type LedgerHandle, openRouterLedger } from './ledger-handle.ts';
import type { RouterOptions } from './options.ts';
import type { Seat } from './processes/seat.ts';
import { openShared, unreachable } from './shared/open-shared.ts';
import type { SharedState } from './shared/shared-state.ts';

/** What a router remembers: its own ledger, and what it has in common with others. */
export interface RouterState {
  readonly ledger: LedgerHandle;
  /** Undefined with the embedded store. */
  readonly shared: SharedState | undefined;
}

/** Opens both and ends what an earlier process left in them. Throws `AtpError` with what is wrong. */
export async function openState(
  { onProblem = () => undefined, onJournalState }: RouterOptions,
  { config, secrets, ...place }: Pick<Seat, 'config' | 'secrets' | 'store' | 'sums_of'>,
): Promise<RouterState> {
  // First the name in the shared database: the tables of two routers of the same name would mix there.
  const shared = await openShared(config, secrets, (problem) => onProblem('shared_store', problem));
  let ledger: LedgerHandle | undefined;
  try {
    const onTables = (problem: AtpError): void => onProblem('projection', problem);
    ledger = await openRouterLedger(config, secrets.node_id, onTables, onJournalState, place);
    await shared?.start(ledger).catch((error: unknown) => {
      throw unreachable(error);
    });
    return { ledger, shared };
  } catch (error) {
    await ledger?.close();
    await shared?.close();
    throw error;
  }
}
