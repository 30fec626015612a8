import { hash } from 'node:crypto';
import { type Config, type DataDirSecrets, systemClock, systemTimers } from '@atp-router/adapters';
import { migrate, openPostgres, sqlBudgetStore, sqlIdempotencyStore, sqlLeaseStore } from '@atp-router/adapters/sql';
import { AtpError, isAtpError } from '@atp-router/kernel';
import { reasonOf } from './reach.ts';
import { dataSealer } from './sealer.ts';
import { SharedState, type SharedStores } from './shared-state.ts';
import { SHARED_TUNING, type SharedTuning } from './tuning.ts';

/** Beside the two of the tables: enough that calls of different tenants do not wait for each other. */
const CONNECTIONS = 4;

/**
 * The state that routers with the same `store` share; undefined for the embedded one. Throws `config_invalid` when the
 * database cannot be reached or another data directory has this node's name.
 */
export async function openShared(
  config: Config,
  secrets: DataDirSecrets,
  onProblem: (problem: AtpError) => void,
  tuning: SharedTuning = SHARED_TUNING,
): Promise<SharedState | undefined> {
  const { type, url } = config.store;
  if (type !== 'postgres' || url === undefined) return undefined;
  const stores = await openStores(url, tuning.answer_ms);
  try {
    return await SharedState.open({
      stores,
      node_id: secrets.node_id,
      directory: hash('sha256', secrets.seal_key, 'hex'),
      sealer: dataSealer(config, secrets),
      clock: systemClock,
      timers: systemTimers,
      tuning,
      onProblem: (error) => onProblem(unreachable(error)),
    });
  } catch (error) {
    await stores.close();
    throw unreachable(error);
  }
}

async function openStores(url: string, timeout_ms: number): Promise<SharedStores> {
  const driver = openPostgres(url, { connections: CONNECTIONS, timeout_ms });
  try {
    await migrate(driver);
  } catch (error) {
    await driver.close();
    throw unreachable(error);
  }
  return {
    budgets: sqlBudgetStore(driver, systemClock),
    claims: sqlIdempotencyStore(driver, systemClock),
    leases: sqlLeaseStore(driver, systemClock),
    close: () => driver.close(),
  };
}

/** Says what to do, without the address: it may hold a password. */
export function unreachable(error: unknown): AtpError {
  if (isAtpError(error)) return error;
  return new AtpError(
    'config_invalid',
    `The database of store.url cannot be used (${reasonOf(error)}). See that it runs, that this machine may connect, and that the user may make tables there.`,
    { param: 'store.url', cause: error },
  );
}
