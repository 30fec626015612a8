import { type Config, openDataDir, type UpstreamTransport, type ValueSources } from '@atp-router/adapters';
import { AccountLedger } from '@atp-router/flow';
import type { AtpError } from '@atp-router/kernel';
import { createKey, type KeyRequest, type MadeKey } from './bootstrap.ts';
import { GenerationManager } from './generation/manager.ts';
import { openRouterLedger } from './ledger-handle.ts';
import { EventBus } from './observe/event-bus.ts';

export interface OfflineOptions {
  readonly config: Config;
  readonly sources: ValueSources;
  readonly onProblem?: (problem: AtpError) => void;
}

const NO_TRANSPORT: UpstreamTransport = {
  send: () => {
    throw new Error('nothing is sent while no router runs');
  },
  close: () => Promise.resolve(),
};

/**
 * Makes a key in a data directory that no router uses now; the next start knows it. Also settles calls that a dead router
 * left open, as a start would. Throws `config_invalid` when a router has the directory, and what `createKey` throws.
 */
export async function createKeyOffline(options: OfflineOptions, request: KeyRequest): Promise<MadeKey> {
  const { config, sources, onProblem = (): void => undefined } = options;
  const secrets = openDataDir(config.data_dir, config.node_id);
  const ledger = await openRouterLedger(config, secrets.node_id, onProblem);
  try {
    const bus = new EventBus(ledger.journal);
    const manager = new GenerationManager(config, ledger.start.entities, {
      log: bus,
      accounts: new AccountLedger(),
      sources,
      transportOf: () => NO_TRANSPORT,
    });
    return await createKey({ manager, bus }, request);
  } finally {
    await ledger.close();
  }
}
