import { type HttpServerHandle, listen, readTls, type RouterMetrics } from '@atp-router/adapters';
import { addAdmin } from './admin/add-admin.ts';
import { type Bootstrapped, bootstrap } from './bootstrap.ts';
import { type Core, openCore } from './core.ts';
import type { Engine } from './engine/engine.ts';
import type { GenerationManager } from './generation/manager.ts';
import { addOperations } from './http/operations.ts';
import { RouterTable } from './http/router-table.ts';
import { addDataPlane, serve } from './http/routes.ts';
import type { LedgerHandle } from './ledger-handle.ts';
import type { EventBus } from './observe/event-bus.ts';
import { addDocs } from './openapi/add-docs.ts';
import type { RouterOptions } from './options.ts';
import { shutDown } from './shut-down.ts';

/** Idle client connections; longer than the usual 60 s of load balancers, so that they close first. */
const CLIENT_KEEP_ALIVE_MS = 75_000;
const HEADER_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 32_768;

/** A running router. */
export interface Router {
  readonly server: HttpServerHandle;
  readonly engine: Engine;
  readonly manager: GenerationManager;
  readonly bus: EventBus;
  readonly ledger: LedgerHandle;
  readonly metrics: RouterMetrics;
  readonly table: RouterTable;
  readonly node_id: string;
  readonly version: string;
  /** What `bootstrap` made, keys in clear included: shown once, kept nowhere. */
  readonly made: Bootstrapped;
  /** Stops accepting, lets calls finish within the grace time, ends the rest, flushes and closes everything. */
  stop(reason: string): Promise<void>;
}

/** Opens the ledger, recovers what a dead process left, and starts listening. Throws `AtpError` with what is wrong. */
export async function createRouter(options: RouterOptions): Promise<Router> {
  const core = await openCore(options);
  const { engine, manager, bus, ledger, metrics, node_id } = core;
  const made = options.bootstrap === true ? await bootstrap(core, options.config.data_dir) : {};
  const table = new RouterTable();
  const server = await listenTo(options, core, table);
  let stopping: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopping ??= shutDown(reason, core, server);
    return stopping;
  };
  return { server, engine, manager, bus, ledger, metrics, table, node_id, version: options.version, made, stop };
}

async function listenTo(options: RouterOptions, core: Core, table: RouterTable): Promise<HttpServerHandle> {
  const { config, version } = options;
  const { engine, manager, bus, ledger, metrics, counter, transports, node_id } = core;
  let server: HttpServerHandle | undefined;
  addDataPlane(table, engine, counter);
  addOperations(table, { engine, metrics, version, unready: () => ledger.journal.failure?.message });
  addAdmin(table, {
    ...{ engine, manager, bus, ledger, version, node_id, started: config },
    transportOf: (provider) => transports.of(provider, manager.config),
    listening: () => server?.address ?? config.listen,
    onReload: options.onReload,
  });
  addDocs(table, version);
  const { limits, listen: at } = config;
  server = await listen({
    host: at.host,
    port: at.port,
    ...(at.tls === undefined ? {} : { tls: readTls(at.tls) }),
    header_bytes: limits.header_bytes,
    high_water_bytes: limits.relay_high_water_bytes,
    client_stall_ms: () => manager.config.limits.idle_ms,
    keep_alive_ms: CLIENT_KEEP_ALIVE_MS,
    header_timeout_ms: HEADER_TIMEOUT_MS,
    connections_max: CONNECTIONS_MAX,
    onRequest: serve(table, engine),
  });
  return server;
}
