import type { HttpExchange, HttpServerHandle, ProviderConfig, RouterMetrics } from '@atp-router/adapters';
import { addFrames, type FrameWays } from './atp/add-frames.ts';
import { addFront } from './front/add-front.ts';
import { type Bootstrapped, bootstrap } from './bootstrap.ts';
import { type Core, openCore } from './core.ts';
import type { Engine } from './engine/engine.ts';
import type { GenerationManager } from './generation/manager.ts';
import { requestId } from './http/reply.ts';
import { RouterTable } from './http/router-table.ts';
import { addDataPlane, serve } from './http/routes.ts';
import type { LedgerHandle } from './ledger-handle.ts';
import type { EventBus } from './observe/event-bus.ts';
import { addDocs } from './openapi/add-docs.ts';
import type { RouterOptions } from './options.ts';
import { listenAsSeated, placeOf } from './processes/listen-place.ts';
import { closeParts, shutDown } from './shut-down.ts';

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
  const table = new RouterTable();
  const gate = new Gate();
  const { server, ways, made } = await begin(options, core, table, gate).catch(async (error: unknown) => {
    await closeParts(core);
    throw error;
  });
  gate.open();
  let stopping: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopping ??= shutDown(reason, core, server, ways);
    return stopping;
  };
  return { server, engine, manager, bus, ledger, metrics, table, node_id, version: options.version, made, stop };
}

/** Keys are shown once: they are made only when nothing can keep the router from starting any more. */
async function begin(
  options: RouterOptions,
  core: Core,
  table: RouterTable,
  gate: Gate,
): Promise<{ readonly server: HttpServerHandle; readonly ways: FrameWays; readonly made: Bootstrapped }> {
  const ways = addFrames(table, core);
  const server = await listenTo(options, core, table, gate, ways);
  if (options.bootstrap !== true) return { server, ways, made: {} };
  try {
    return { server, ways, made: await bootstrap(core, options.config.data_dir) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Requests that come between listening and the first keys wait; connections are bounded, and so are they. */
class Gate {
  #waiting: (() => void)[] | undefined = [];

  through(handle: (exchange: HttpExchange) => void): (exchange: HttpExchange) => void {
    return (exchange) => {
      if (this.#waiting === undefined) handle(exchange);
      else
        this.#waiting.push(() => {
          if (!exchange.closed) handle(exchange);
        });
    };
  }

  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const run of waiting) run();
  }
}

async function listenTo(
  options: RouterOptions,
  core: Core,
  table: RouterTable,
  gate: Gate,
  ways: FrameWays,
): Promise<HttpServerHandle> {
  const { config, version } = options;
  const {
    engine,
    agents,
    flow,
    manager,
    bus,
    hub,
    ledger,
    counter,
    transports,
    node_id,
    learning,
    observations,
    metrics,
  } = core;
  let server: HttpServerHandle | undefined;
  addDataPlane(table, engine, counter, learning.feedback);
  const admin = {
    ...{
      engine,
      agents,
      flow,
      manager,
      bus,
      hub,
      ledger,
      learning,
      observations,
      metrics,
      version,
      node_id,
      started: config,
    },
    cluster: () => core.member?.cluster?.(),
    transportOf: (provider: ProviderConfig) => transports.of(provider, manager.config),
    listening: () => server?.address ?? config.listen,
    origin: options.origin ?? { kind: 'file' as const },
    onReload: options.onReload,
  };
  addFront(table, { ...core, admin });
  addDocs(table, version);
  const { limits, listen: at } = config;
  server = await listenAsSeated(core.seat, {
    ...placeOf(core.seat, at),
    header_bytes: limits.header_bytes,
    high_water_bytes: limits.relay_high_water_bytes,
    client_stall_ms: () => manager.config.limits.idle_ms,
    keep_alive_ms: CLIENT_KEEP_ALIVE_MS,
    header_timeout_ms: HEADER_TIMEOUT_MS,
    connections_max: CONNECTIONS_MAX,
    onRequest: gate.through(serve(table, engine)),
    newId: () => requestId(engine),
    upgrade: ways.sockets,
  });
  return server;
}
