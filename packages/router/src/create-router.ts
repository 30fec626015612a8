import { hash as nodeHash } from 'node:crypto';
import {
  aesGcmSealer,
  type Config,
  type HttpServerHandle,
  listen,
  readTls,
  openDataDir,
  otlpTracing,
  registerLiveGauges,
  RouterMetrics,
  systemClock,
  systemRng,
  systemTimers,
  type TokenCounterWorker,
  tokenCounterWorker,
  type Tracing,
  type ValueSources,
} from '@atp-router/adapters';
import type { Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import { AccountLedger, Estimator } from '@atp-router/flow';
import { AtpError, idSource } from '@atp-router/kernel';
import { KillSwitches, TargetHealth } from '@atp-router/routing';
import { addAdmin } from './admin/add-admin.ts';
import type { ReloadFile } from './admin/parts.ts';
import { Engine } from './engine/engine.ts';
import { IdempotencyIndex } from './engine/idempotency.ts';
import type { EngineParts } from './engine/parts.ts';
import { observedOf } from './engine/observed.ts';
import { healthOptions, providerConfigOf } from './generation/health-options.ts';
import { GenerationManager } from './generation/manager.ts';
import { addOperations } from './http/operations.ts';
import { RouterTable } from './http/router-table.ts';
import { addDataPlane, serve } from './http/routes.ts';
import type { LedgerHandle } from './ledger-handle.ts';
import { EventBus } from './observe/event-bus.ts';
import { liveGauges } from './observe/live.ts';
import { upstreamFinder } from './observe/traced-upstreams.ts';
import { addDocs } from './openapi/add-docs.ts';
import type { SharedState } from './shared/shared-state.ts';
import { openState } from './state.ts';
import { Transports } from './transports.ts';

/** Idle client connections; longer than the usual 60 s of load balancers, so that they close first. */
const CLIENT_KEEP_ALIVE_MS = 75_000;
const HEADER_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 32_768;

export interface RouterOptions {
  readonly config: Config;
  readonly version: string;
  /** Where `${ENV}` and `${file:…}` of entities made through the admin API come from. */
  readonly sources: ValueSources;
  /** Told of what keeps the tables from following the journal; calls are not affected. */
  readonly onProblem?: (problem: AtpError) => void;
  /** Guards, validators and learners. */
  readonly stages?: readonly Stage<GenRequest, GenEvent>[];
  /** Reads the configuration file anew for `POST /admin/v1/config/reload`: `watchConfig(…).reload`. Absent: no file. */
  readonly onReload?: ReloadFile;
}

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
  /** Stops accepting, lets calls finish within the grace time, ends the rest, flushes and closes everything. */
  stop(reason: string): Promise<void>;
}

const sha256 = (data: string | Uint8Array): string => nodeHash('sha256', data, 'hex');

/** Opens the ledger, recovers what a dead process left, and starts listening. Throws `AtpError` with what is wrong. */
export async function createRouter(options: RouterOptions): Promise<Router> {
  const { config, version } = options;
  const secrets = openDataDir(config.data_dir, config.node_id);
  const { ledger, shared } = await openState(config, secrets, options.onProblem ?? (() => undefined));
  const bus = new EventBus(ledger.journal);
  const metrics = new RouterMetrics(version);
  bus.listen((event) => metrics.observe(event));
  const transports = new Transports();
  const accounts = new AccountLedger();
  for (const day of ledger.start.budgets) {
    const used = { calls: day.calls, tokens: day.tokens, usd_nanos: day.cost_usd_nanos };
    accounts.seed(`tenant:${day.tenant}`, day.day, used);
  }
  const manager = new GenerationManager(config, ledger.start.entities, {
    log: bus,
    accounts,
    sources: options.sources,
    transportOf: (provider) => transports.of(provider),
  });
  const tracing = startTracing(config, version, secrets.node_id, manager, bus);
  const counter = tokenCounterWorker();
  const keys = new IdempotencyIndex(ledger.claims, shared?.sealer ?? aesGcmSealer(secrets.seal_key), {
    max_entries: config.idempotency.max_entries,
    now_ms: systemClock.now_ms,
  });
  const common = { shared: shared?.budgets, idempotency: shared?.keysOver(keys) ?? keys };
  const engine = makeEngine(options, manager, accounts, bus, common, counter, metrics);
  manager.attach(engine);
  for (const kill of ledger.start.kills) engine.parts.kills.set(kill.scope, kill.id, true);
  registerLiveGauges(metrics.registry, liveGauges({ engine, ledger, bus, shared, traces: () => tracing?.stats() }));
  for (const event of ledger.start.recovered) bus.announce(event);
  bus.append({ type: 'node.started', version, recovered_calls: ledger.start.recovered.length });
  await bus.written();

  const table = new RouterTable();
  addDataPlane(table, engine, counter);
  addOperations(table, { engine, metrics, version, unready: () => ledger.journal.failure?.message });
  addAdmin(table, {
    ...{ engine, manager, bus, ledger, version, node_id: secrets.node_id, started: config },
    ...{ transportOf: (provider) => transports.of(provider), listening: () => server.address },
    onReload: options.onReload,
  });
  addDocs(table, version);
  const { limits } = config;
  const server = await listen({
    host: config.listen.host,
    port: config.listen.port,
    ...(config.listen.tls === undefined ? {} : { tls: readTls(config.listen.tls) }),
    header_bytes: limits.header_bytes,
    keep_alive_ms: CLIENT_KEEP_ALIVE_MS,
    header_timeout_ms: HEADER_TIMEOUT_MS,
    connections_max: CONNECTIONS_MAX,
    onRequest: serve(table, engine),
  });
  let stopping: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopping ??= shutDown(reason, {
      server,
      engine,
      bus,
      ledger,
      shared,
      transports,
      tracing,
      counter,
      grace_ms: manager.config.shutdown.grace_ms,
    });
    return stopping;
  };
  return { server, engine, manager, bus, ledger, metrics, table, node_id: secrets.node_id, version, stop };
}

function makeEngine(
  options: RouterOptions,
  manager: GenerationManager,
  accounts: AccountLedger,
  bus: EventBus,
  common: Pick<EngineParts, 'shared' | 'idempotency'>,
  counter: TokenCounterWorker,
  metrics: RouterMetrics,
): Engine {
  const rng = systemRng();
  const health = new TargetHealth(
    ({ provider_id, model_id, from, to, reason }) =>
      bus.append({ type: 'breaker.changed', provider: provider_id, model: model_id, from, to, reason }),
    (model) => {
      const provider = providerConfigOf(manager.config, model.provider_id);
      if (provider === undefined) throw new Error(`provider ${model.provider_id} is not configured`);
      return healthOptions(provider);
    },
  );
  const estimator = new Estimator();
  const kills = new KillSwitches();
  const observed = observedOf(health, estimator, systemClock.now_ms);
  return new Engine(
    {
      ambient: { clock: systemClock, timers: systemTimers, rng, call_ids: idSource('call_', rng) },
      log: bus,
      accounts,
      estimator,
      health,
      kills,
      observed,
      live: { health, kills, observed },
      ...common,
      stages: options.stages ?? [],
      countTokens: (texts) => counter.count(texts),
      hash: sha256,
      decided: (seconds) => metrics.decided(seconds),
    },
    manager.generation,
  );
}

function startTracing(
  config: Config,
  version: string,
  node_id: string,
  manager: GenerationManager,
  bus: EventBus,
): Tracing | undefined {
  const { otlp } = config.telemetry;
  if (otlp === undefined) return undefined;
  const tracing = otlpTracing({ ...otlp, version, node_id, upstreamOf: upstreamFinder(manager) });
  bus.listen((event) => {
    if (event.type === 'call.ended') tracing.onCallEnded(event);
  });
  return tracing;
}

interface ShutdownParts {
  readonly server: HttpServerHandle;
  readonly engine: Engine;
  readonly bus: EventBus;
  readonly ledger: LedgerHandle;
  readonly shared: SharedState | undefined;
  readonly transports: Transports;
  readonly tracing: Tracing | undefined;
  readonly counter: TokenCounterWorker;
  readonly grace_ms: number;
}

async function shutDown(reason: string, parts: ShutdownParts): Promise<void> {
  const { server, engine, bus, ledger, shared, transports, tracing, counter, grace_ms } = parts;
  server.stopAccepting();
  const drained = engine.drain();
  const timer = systemTimers.after(grace_ms, () => {
    engine.abortAll(new AtpError('draining', 'The router was shut down before the call was done.'));
  });
  await drained;
  timer.cancel();
  bus.append({ type: 'node.stopped', reason });
  // A journal that cannot be written must not keep the process from ending.
  await bus.written().catch(() => undefined);
  await server.close();
  await shared?.close();
  await Promise.all([transports.close(), tracing?.shutdown(), ledger.close(), counter.close()]);
}
