import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '@atp-router/adapters';
import { CliError, EXIT } from '../exit.ts';
import type { FoundConfig } from '../serve/find-config.ts';
import { sourcesOf } from '../serve/find-config.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';

/** A router that runs for the time of a review, and the key of its one tenant. */
export interface LocalRouter {
  readonly url: string;
  readonly key: string;
  stop(): Promise<void>;
}

const GRACE_MS = 1_000;

/**
 * Starts one in this process, on a port of loopback that the system gives, with a data directory of its own that goes with it.
 * Of the configuration it takes providers, models, agents, personas, policies and limits: tenants, shared stores and other
 * processes are those of a router that stays.
 */
export async function startLocalRouter(config: Config, found: FoundConfig, terminal: Terminal): Promise<LocalRouter> {
  const { createRouter } = await import('@atp-router/router');
  const data_dir = mkdtempSync(join(tmpdir(), 'atp-review-'));
  const remove = (): void => rmSync(data_dir, { recursive: true, force: true });
  try {
    const router = await createRouter({
      config: alone(config, data_dir),
      version: readVersion(),
      bootstrap: true,
      sources: await sourcesOf(found, terminal),
    });
    const key = router.made.key?.secret;
    if (key === undefined) throw new CliError(EXIT.internal, 'the router of this review has made no key.');
    // Whoever does not want to wait leaves nothing behind either.
    const end = (): never => {
      remove();
      process.exit(EXIT.interrupted);
    };
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.once(signal, end);
    const stop = async (): Promise<void> => {
      for (const signal of signals) process.off(signal, end);
      await router.stop('the review is over');
      remove();
    };
    return { url: `http://127.0.0.1:${router.server.address.port}`, key, stop };
  } catch (error) {
    remove();
    throw error;
  }
}

function alone(config: Config, data_dir: string): Config {
  const { cluster: _, node_id: __, ...rest } = config;
  return {
    ...rest,
    data_dir,
    listen: { host: '127.0.0.1', port: 0 },
    workers: 1,
    tenants: [],
    admin: { ...config.admin, keys: [] },
    store: { type: 'sqlite' },
    sessions: { ...config.sessions, store: { type: 'sqlite' } },
    shutdown: { ...config.shutdown, grace_ms: GRACE_MS },
  };
}
