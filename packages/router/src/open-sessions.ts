import { hash } from 'node:crypto';
import { join } from 'node:path';
import { type DataDirSecrets, type SessionStore, sqliteSessionStore, systemClock } from '@atp-router/adapters';
import { SESSION_STORE_LIMITS, VALKEY_SESSION_STORE_LIMITS, valkeySessionStore } from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import type { RouterOptions } from './options.ts';

/** Before the keys of routers that do not say another one. */
const PREFIX = 'atp';

/** Where the sessions of clients are kept for whoever follows; undefined: they end with the process. */
export function openSessions(
  { config, onProblem }: RouterOptions,
  { seal_key, node_id }: DataDirSecrets,
): SessionStore | undefined {
  const { keep, store, max_kept_bytes_per_tenant: tenant_bytes } = config.sessions;
  if (!keep) return undefined;
  const on_problem = (problem: AtpError): void => onProblem?.('sessions', problem);
  if (store.type === 'valkey' && store.url !== undefined && store.seal_key !== undefined) {
    const { url, ca, prefix = PREFIX, wait_replicas = 0 } = store;
    return valkeySessionStore({
      ...{ url, ca, prefix, wait_replicas, clock: systemClock, on_problem },
      limits: { ...VALKEY_SESSION_STORE_LIMITS, tenant_bytes },
      seal_key: Buffer.from(store.seal_key, 'hex'),
      // Two routers may have been given one name; a data directory has one router at a time.
      owner: `${node_id}.${hash('sha256', seal_key, 'hex').slice(0, 16)}`,
    });
  }
  const path = join(config.data_dir, 'sessions.sqlite');
  return sqliteSessionStore({
    ...{ path, seal_key, fsync: config.journal.fsync, clock: systemClock, on_problem },
    limits: { ...SESSION_STORE_LIMITS, tenant_bytes },
  });
}
