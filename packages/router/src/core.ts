import { hash as nodeHash } from 'node:crypto';
import {
  type IntensitySource,
  aesGcmSealer,
  type DataDirSecrets,
  type LocalEmbedder,
  RouterMetrics,
  type SessionStore,
  systemClock,
  type TokenCounterWorker,
  tokenCounterWorker,
  type Tracing,
} from '@atp-router/adapters';
import { AccountLedger, Estimator } from '@atp-router/flow';
import { AtpError, addUsdNanos } from '@atp-router/kernel';
import type { BudgetDay } from '@atp-router/ledger';
import { KillSwitches, TargetHealth } from '@atp-router/routing';
import { intensities } from './carbon/intensities.ts';
import { openIntensities } from './carbon/open-source.ts';
import { CacheDesk } from './cache/cache-desk.ts';
import { openCaches } from './cache/open-caches.ts';
import type { AgentHub } from './atp/agents/agent-hub.ts';
import { AgentTransport } from './atp/agents/agent-transport.ts';
import { openAgentHub } from './atp/agents/open-agent-hub.ts';
import { keptSessions, openSessionHub } from './atp/open-hub.ts';
import type { SessionHub } from './atp/session-hub.ts';
import { stoppedBy } from './engine/admit.ts';
import { systemAmbient } from './ambient.ts';
import { Embeddings } from './fanout/embeddings.ts';
import type { Learning } from './fanout/learn/learning.ts';
import { openLearning } from './fanout/learn/open-learning.ts';
import { openLocalEmbedder } from './fanout/open-embedder.ts';
import { Engine } from './engine/engine.ts';
import { problemOf } from './engine/faults.ts';
import type { Ambient } from './engine/ports.ts';
import { Throttles } from './engine/throttles.ts';
import { IdempotencyIndex } from './engine/idempotency.ts';
import { observedOf } from './engine/observed.ts';
import type { OpenedParts } from './engine/parts.ts';
import { tenantAccount } from './generation/accounts.ts';
import { mayName } from './generation/generation.ts';
import { DEFAULT_HEALTH, healthOptions, providerConfigOf } from './generation/health-options.ts';
import { tunersOf } from './generation/tuners.ts';
import { GenerationManager } from './generation/manager.ts';
import type { Observations } from './observations/open-observations.ts';
import { openWatchers } from './observations/open-watchers.ts';
import { Presence } from './front/presence.ts';
import { keptAnswers, keptKeys } from './keeping.ts';
import type { LedgerHandle } from './ledger-handle.ts';
import { EventBus } from './observe/event-bus.ts';
import { FlowCounts, flowGauges, type FlowParts, flowStateOf } from './observe/flow-watch.ts';
import { Spending } from './observe/spending.ts';
import { registerGauges } from './observe/register-gauges.ts';
import { warnOf } from './observe/warn-of.ts';
import { startTracing } from './observe/start-tracing.ts';
import type { RouterOptions } from './options.ts';
import { openSessions } from './open-sessions.ts';
import { joinOthers } from './processes/join.ts';
import type { Membership } from './processes/membership.ts';
import { settleOrphans } from './processes/orphans.ts';
import { type Seat, takeSeat } from './processes/seat.ts';
import type { SharedState } from './shared/shared-state.ts';
import { openState, type RouterState } from './state.ts';
import { Transports } from './transports.ts';

/** A router without its listener: state recovered, engine ready. */
export interface Core {
  readonly seat: Seat;
  /** Undefined for a process that is alone. */
  readonly member: Membership | undefined;
  readonly node_id: string;
  readonly ledger: LedgerHandle;
  readonly shared: SharedState | undefined;
  readonly bus: EventBus;
  readonly metrics: RouterMetrics;
  readonly manager: GenerationManager;
  readonly engine: Engine;
  readonly flow: FlowParts;
  readonly hub: SessionHub;
  readonly agents: AgentHub;
  /** Undefined when sessions end with the process. */
  readonly sessions: SessionStore | undefined;
  readonly transports: Transports;
  readonly counter: TokenCounterWorker;
  /** Undefined: nobody embeds on this machine. */
  readonly local: LocalEmbedder | undefined;
  readonly tracing: Tracing | undefined;
  readonly presence: Presence;
  readonly learning: Learning;
  readonly observations: Observations;
  /** Undefined: nobody says what a kilowatt-hour emits but the configuration. */
  readonly carbon: IntensitySource | undefined;
}

const sha256 = (data: string | Uint8Array): string => nodeHash('sha256', data, 'hex');

/** Opens the ledger, settles what a dead process left, and builds everything that calls need. */
export async function openCore(options: RouterOptions): Promise<Core> {
  const seat = takeSeat(options);
  await settleOrphans(seat, (problem) => options.onProblem?.('projection', problem));
  const state = await openState(options, seat);
  try {
    return await coreOver({ ...options, config: seat.config }, seat, state);
  } catch (error) {
    // The data directory must be free for the next start, also in this process.
    await state.shared?.close();
    await state.ledger.close();
    throw error;
  }
}

async function coreOver(options: RouterOptions, seat: Seat, { ledger, shared }: RouterState): Promise<Core> {
  const { version } = options;
  const { secrets } = seat;
  // Whoever holds the limits of several processes runs no calls.
  const local = seat.role.kind === 'owner' ? undefined : await openLocalEmbedder(options.config.embeddings);
  const bus = new EventBus(ledger.journal);
  const metrics = new RouterMetrics(version);
  bus.listen((event) => metrics.observe(event));
  if (options.onEvent !== undefined) bus.listen(options.onEvent);
  const agents = openAgentHub(metrics.registry, secrets.node_id, () => manager.config, {
    killed: (tenant, key_id) => stoppedBy({ tenant, key_id }, engine.parts) !== undefined,
    registry: () => manager.generation.registry,
    mayName: (tenant, name) => {
      const rules = manager.generation.tenants.get(tenant);
      return rules !== undefined && mayName(rules, name);
    },
    onCapacity: (account, calls) => setCapacity(engine, member, account, calls),
    aimd: () => engine.windows.options,
    onNarrowed: (trouble) => watch.congested(trouble),
    onUnreachable: (words) => options.onProblem?.('config', new AtpError('config_invalid', words)),
  });
  const watch = new FlowCounts(metrics.flow);
  const transports = new Transports((provider) => new AgentTransport(agents, provider));
  const accounts = seededAccounts(seat, ledger.start.budgets);
  const ambient = systemAmbient();
  const member = await joinOthers({ options, seat, ledger, accounts, ambient, watch });
  const config = member?.base ?? options.config;
  const manager: GenerationManager = new GenerationManager(config, member?.overlay ?? ledger.start.entities, {
    log: bus,
    accounts,
    is_one_of_many: member !== undefined,
    sources: options.sources,
    transportOf: (provider, of) => transports.of(provider, of),
  });
  const tracing = startTracing(config, version, secrets.node_id, manager, bus);
  const counter = tokenCounterWorker();
  const kept = keptKeys(manager);
  const embeddings = new Embeddings(options.config.embeddings, local, () => manager, metrics.embeddings);
  const learned_by = { embeddings, current: () => manager.config };
  const learning = await openLearning(options, seat, ledger, bus, learned_by, sha256);
  const common = {
    ...openCaches(config, metrics, bus),
    reconciler: learning.reconciler,
    chooser: learning.chooser,
    answers: keptAnswers(seat, manager),
    shared: shared?.budgets,
    idempotency:
      shared?.keys(kept) ??
      member?.keys(kept) ??
      new IdempotencyIndex(ledger.claims, aesGcmSealer(secrets.seal_key), kept),
  };
  const of_engine = { ...common, watch, tuners: tunersOf(config), gate: member?.gate, relay: member?.relay };
  const beside = { counter, metrics, agents, carbon: openIntensities(options, seat.role.kind, metrics) };
  const engine: Engine = makeEngine(options, manager, accounts, bus, ambient, of_engine, beside);
  engine.cache = new CacheDesk((...looked) => metrics.cache.looked(...looked));
  manager.attach(engine);
  for (const kill of member?.kills ?? ledger.start.kills) engine.parts.kills.set(kill.scope, kill.id, true);
  const observations = await openWatchers(options, engine, manager, { seat, bus, metrics, learned: ledger.learned });
  const flow = { watch, spending: watchFlow(metrics, bus, accounts, engine) };
  const presence = new Presence(member?.others, options.config.workers);
  registerGauges(metrics, { engine, ledger, bus, shared, presence, tracing, member, learning });
  for (const event of ledger.start.recovered) bus.announce(event);
  bus.append({ type: 'node.started', version, recovered_calls: ledger.start.recovered.length });
  await bus.written();
  warnOf(manager, bus, options);
  await member?.attach({ engine, manager, bus, agents, metrics });
  const base = { seat, member, node_id: secrets.node_id, ledger, shared, bus, metrics, observations };
  const core = { ...base, manager, engine, agents, transports, counter, local, tracing, flow, presence, learning };
  return { ...core, carbon: beside.carbon, ...(await openHub(options, secrets, core)) };
}

/** What is spent and what happens in the queues, as metrics show it. */
function watchFlow(metrics: RouterMetrics, bus: EventBus, accounts: AccountLedger, engine: Engine): Spending {
  const spending = new Spending(accounts, systemClock.now_ms, () => metrics.flow.spiked());
  bus.listen((event) => spending.observe(event));
  metrics.flow.live(metrics.registry, () => flowGauges(flowStateOf(engine), () => spending.list()));
  return spending;
}

/** The sessions of clients and agents, with those that a predecessor kept. */
async function openHub(
  options: RouterOptions,
  secrets: DataDirSecrets,
  { node_id, ledger, bus, metrics, engine, agents, tracing, member }: Omit<Core, 'hub' | 'sessions' | 'carbon'>,
): Promise<Pick<Core, 'hub' | 'sessions'>> {
  const sessions = openSessions(options, secrets);
  const hub = openSessionHub(engine, node_id, {
    sessions_max: options.config.sessions.max_sessions,
    tenant_sessions_max: options.config.sessions.max_sessions_per_tenant,
    checksums: options.config.sessions.checksums,
    ...{ observer: metrics.sessions, agents, elsewhere: member?.sessions?.elsewhere },
    kept: sessions && keptSessions(sessions, ledger),
    traced: tracing && ((span) => tracing.onMessage(span)),
  });
  metrics.sessions.live(metrics.registry, () => hub.roster.gauges());
  await hub.restore().catch(async (error: unknown) => {
    await sessions?.close();
    throw error;
  });
  member?.sessions?.open({ hub, onFault: engine.parts.onFault });
  bus.listen((event) => {
    if (event.type === 'config.applied') hub.refresh();
    if (event.type === 'config.applied' || event.type === 'kill.set') agents.capacity.refresh();
  });
  return { hub, sessions };
}

/** Where there are other processes, what the agents of all of them take together counts. */
function setCapacity({ ceilings }: Engine, member: Membership | undefined, account: string, calls: number): void {
  if (member?.capacity === undefined) ceilings.set(account, 'agents', calls);
  else member.capacity(account, calls);
}

/** Who holds the limits of several processes is told what each of them used, itself included: those books begin empty. */
function seededAccounts({ role }: Seat, days: readonly BudgetDay[]): AccountLedger {
  const accounts = new AccountLedger();
  if (role.kind === 'owner') return accounts;
  for (const { tenant, day, calls, tokens, cost_usd_nanos } of days) {
    accounts.seed(tenantAccount(tenant), day, { calls, tokens, usd_nanos: addUsdNanos(cost_usd_nanos, 0) });
  }
  return accounts;
}

interface EngineHelpers {
  readonly counter: TokenCounterWorker;
  readonly metrics: RouterMetrics;
  readonly agents: AgentHub;
  readonly carbon: IntensitySource | undefined;
}

function makeEngine(
  options: RouterOptions,
  manager: GenerationManager,
  accounts: AccountLedger,
  bus: EventBus,
  ambient: Ambient,
  common: OpenedParts,
  { counter, metrics, agents, carbon }: EngineHelpers,
): Engine {
  const health = new TargetHealth(
    ({ provider_id, model_id, from, to, reason }) =>
      bus.append({ type: 'breaker.changed', provider: provider_id, model: model_id, from, to, reason }),
    (model) => {
      const provider = providerConfigOf(manager.config, model.provider_id);
      // A call that is pinned to an older generation may still fall back to a provider that a reload has removed.
      return provider === undefined ? DEFAULT_HEALTH : healthOptions(provider);
    },
  );
  const estimator = new Estimator();
  const kills = new KillSwitches();
  const throttles = new Throttles(systemClock.mono_ms);
  bus.listen((event) => {
    if (event.type !== 'call.ended') return;
    throttles.ended(event, manager.generation.tenants.get(event.tenant)?.objectives);
  });
  const intensity = intensities(carbon, () => manager.config.carbon);
  const observed = observedOf(health, estimator, systemClock.now_ms, intensity);
  return new Engine(
    {
      ambient,
      log: bus,
      accounts,
      estimator,
      health,
      kills,
      throttles,
      observed,
      live: { health, kills, observed, offered: (tenant) => agents.offered(tenant) },
      ...common,
      intensity,
      stages: options.stages ?? [],
      countTokens: (texts) => counter.count(texts),
      hash: sha256,
      decided: (seconds) => metrics.decided(seconds),
      priced: (target, tenant) => agents.priced(target, tenant),
      connected: (tenant) => agents.connected(tenant),
      onFault: (fault) => options.onProblem?.('calls', problemOf(fault)),
    },
    manager.generation,
  );
}
