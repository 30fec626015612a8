import { createHash } from 'node:crypto';
import type { Config } from '@atp-router/adapters';
import { Estimator } from '@atp-router/flow';
import { AtpError, idSource, seededRng, utcDay } from '@atp-router/kernel';
import type { AttemptStarted, CallOpened, RouterEvent } from '@atp-router/ledger';
import { DEFAULT_BREAKER, DEFAULT_READINESS, KillSwitches, type ModelEntry } from '@atp-router/routing';
import { Engine } from '../../../src/engine/engine.ts';
import { NO_CAPS } from '../../../src/engine/purse.ts';
import { IdempotencyIndex } from '../../../src/engine/idempotency.ts';
import { observedOf } from '../../../src/engine/observed.ts';
import type { EngineParts } from '../../../src/engine/parts.ts';
import { Throttles } from '../../../src/engine/throttles.ts';
import { applyRules } from '../../../src/generation/flow-limits.ts';
import { accountLimits, buildGeneration } from '../../../src/generation/build.ts';
import type { Generation } from '../../../src/generation/generation.ts';
import { tunersOf } from '../../../src/generation/tuners.ts';
import { healthOptions, providerConfigOf } from '../../../src/generation/health-options.ts';
import { Draw } from '@atp-router/kernel/testing';
import { FakeArchive } from './fake-archive.ts';
import { FakeClient } from './fake-client.ts';
import { CALM_LOG, drawLog, FakeLog, type LogBehaviour } from './fake-log.ts';
import { FakeSharedBudgets } from './fake-shared.ts';
import { drawStages } from './fake-stage.ts';
import { FakeUpstreams, type Served } from './fake-upstream.ts';
import { isFanout } from './fanouts.ts';
import { pushTo } from './push-to.ts';
import { PLAIN, type RequestPlan, type Scenario } from './scenario.ts';
import { bodyOf, operationOf, requestOf } from './request.ts';
import type { Script } from './script.ts';
import { seamedParts, seamedRequest, seamedTransport } from './seamed.ts';
import type { Seams } from './seams.ts';
import { Reconciling } from './reconciling.ts';
import { brokenEnding, brokenSend, overCaps } from './sending.ts';
import { CountedTimers, VirtualTime } from './virtual-time.ts';
import { WatchedHealth, WatchedLedger } from './watched.ts';

/** One request that was submitted, its client, and what must not have happened to it. */
export interface Submitted {
  readonly call_id: string;
  readonly plan: RequestPlan;
  readonly client: FakeClient;
  readonly body: string;
  /** Some budget in dollars applied when it was admitted. */
  readonly limits_money: boolean;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** What a test of one thing fixes; the rest of its world is calm. */
export interface Fixed {
  readonly config: Config;
  /** What the upstream does with each exchange: the nth of its provider, counted from 0. */
  script(provider: string, nth: number, kind: 'embed' | 'whole' | 'stream'): Script;
  readonly log?: LogBehaviour;
  /** Other routers spend from the same budgets; their store is sometimes out of reach. */
  readonly shared?: true;
  readonly start_ms?: number;
}

const NO_GATES = { breaker: DEFAULT_BREAKER, readiness: DEFAULT_READINESS };

/** A quarter of a second before midnight, so that some histories see two days. */
const START_MS: number = Date.parse('2027-03-01T23:59:59.750Z');

/** A whole router without sockets, files and a clock: the real engine with everything around it made up from a seed. */
export class World {
  readonly draw: Draw;
  readonly time: VirtualTime;
  readonly log: FakeLog;
  readonly upstreams: FakeUpstreams;
  readonly ledger: WatchedLedger;
  readonly health: WatchedHealth;
  readonly kills: KillSwitches = new KillSwitches();
  readonly shared: FakeSharedBudgets | undefined;
  readonly engine: Engine;
  readonly submitted: Submitted[] = [];
  readonly breaches: string[] = [];
  /** Timers that the engine itself has set and neither cancelled nor seen. */
  readonly timers: CountedTimers;
  /** What the models cost. Reloads may take models away, and never change a price. */
  readonly models: readonly ModelEntry[];
  config: Config;
  readonly scenario: Scenario;
  readonly #start_ms: number;
  readonly #seams: Seams | undefined;
  readonly #memory: { readonly max_entries: number; readonly max_bytes?: number };
  /** What the engine reported to whoever runs it. */
  readonly faults: unknown[] = [];
  #generations = 0;
  #drained = false;

  constructor(seed: number, fixed?: Fixed, seams?: Seams, scenario: Scenario = PLAIN) {
    this.#seams = seams;
    this.scenario = scenario;
    const draw = new Draw(seededRng(seed));
    this.draw = draw;
    this.#start_ms = fixed?.start_ms ?? (draw.chance(0.3) ? START_MS : START_MS + 3_600_000);
    this.time = new VirtualTime(draw.rng, this.#start_ms);
    this.timers = new CountedTimers(this.time);
    this.ledger = new WatchedLedger(this.time.now_ms);
    this.log = new FakeLog(this.time, draw, fixed === undefined ? drawLog(draw) : (fixed.log ?? CALM_LOG));
    this.upstreams = new FakeUpstreams(
      this.time,
      draw,
      (served) => this.#onSend(served),
      fixed?.script,
      scenario.answer,
    );
    this.config = fixed?.config ?? scenario.config(draw);
    this.health = new WatchedHealth(
      this.time.mono_ms,
      () => undefined,
      (model) => {
        const provider = providerConfigOf(this.config, model.provider_id);
        // A reload has taken it away, and a call that began before still falls back on it.
        return provider === undefined ? NO_GATES : healthOptions(provider);
      },
    );
    const is_shared = fixed === undefined ? draw.chance(0.25) : fixed.shared === true;
    this.shared = is_shared ? new FakeSharedBudgets(this.time, draw) : undefined;
    this.#memory =
      fixed === undefined ? draw.one(ROOMY, { max_entries: 1 }, { max_entries: 9, max_bytes: 900 }) : ROOMY;
    this.engine = this.#makeEngine(fixed === undefined ? drawStages(draw) : []);
    this.models = this.engine.generation.registry.models;
    this.applyLimits();
  }

  get generation(): Generation {
    return this.engine.generation;
  }

  #ruled: ReadonlySet<string> = new Set();

  /** The UTC days that the history has seen. */
  days(): readonly string[] {
    return [...new Set([utcDay(this.#start_ms), utcDay(this.time.now_ms())])];
  }

  /** Another configuration, as after a reload. */
  reload(config: Config): void {
    this.config = config;
    this.applyLimits();
    this.engine.useGeneration(this.#generation());
  }

  /** The router goes down: nothing may begin once it has said that it is empty. */
  drain(): void {
    void this.engine.drain().then(() => {
      this.#drained = true;
    });
  }

  applyLimits(): void {
    for (const tenant of this.config.tenants) this.ledger.setLimits(`tenant:${tenant.id}`, accountLimits(tenant));
    this.#ruled = applyRules(this.config, this.ledger, this.engine, this.#ruled);
  }

  submit(plan: RequestPlan): void {
    const { time, engine, draw } = this;
    const call_id = engine.parts.ambient.call_ids.next(time.now_ms());
    // An idempotency key covers the body, so that of a repeat cannot name its own call.
    const tag = plan.idempotency_key === undefined ? call_id : `call_${plan.idempotency_key}${plan.words}`;
    const body = bodyOf(plan, tag);
    const client = new FakeClient(time, draw, plan, () => this.#onEnding(submitted));
    const submitted: Submitted = { call_id, plan, client, body, limits_money: this.#limitsMoney(plan) };
    this.submitted.push(submitted);
    if (!this.#by_call.has(call_id)) this.#by_call.set(call_id, submitted);
    const operation = operationOf(plan, body, engine.generation);
    const request = requestOf(plan, operation, { call_id, sink: client, clock: time, bodyHash: () => sha256(body) });
    engine.submit(this.#seams === undefined ? request : seamedRequest(this.#seams, request));
  }

  /** Kills by an operator; nothing may be sent to what is switched off. */
  kill(scope: 'tenant' | 'key' | 'model' | 'provider', id: string): void {
    this.kills.set(scope, id, true);
    this.engine.kill(scope, id, 'history');
    for (const { call, attempts } of this.engine.calls()) {
      const { tenant, key_id } = call.head;
      if ((scope === 'tenant' && tenant === id) || (scope === 'key' && `${tenant}/${key_id}` === id)) {
        this.breaches.push(`${call.head.call_id} goes on although its ${scope} was killed`);
      }
      for (const attempt of attempts) {
        // The list has a hole where an attempt has not come to be.
        if (attempt?.is_over !== false) continue;
        const { model, provider } = attempt.spec.target;
        if ((scope === 'model' && model.id === id) || (scope === 'provider' && provider.id === id))
          this.breaches.push(`${call.head.call_id} goes on at ${id} although that was killed`);
      }
    }
  }

  abortAll(): void {
    this.engine.abortAll(new AtpError('draining', 'The history ends.'));
  }

  /** Not told for calls that look their key up first: the configuration may change meanwhile. */
  #limitsMoney(plan: RequestPlan): boolean {
    if (plan.idempotency_key !== undefined) return false;
    const tenant = this.config.tenants.find((one) => one.id === plan.tenant);
    const policy = this.config.policies.find((one) => `policy:${one.id}` === plan.model);
    const limits = [plan.max_usd_nanos, tenant?.budget.usd_per_day, policy?.budget?.usd];
    return limits.some((limit) => limit !== undefined);
  }

  #makeEngine(stages: Stages): Engine {
    const { draw, time, log, ledger, health, kills, shared } = this;
    const estimator = new Estimator();
    const observed = observedOf(health, estimator, time.now_ms, () => undefined);
    const archive = new FakeArchive(time, draw, log.events);
    const sealer = {
      seal: (plain: Uint8Array) => Buffer.from(plain).toString('base64'),
      open: (sealed: string) => Buffer.from(sealed, 'base64'),
    };
    const reconciling = new Reconciling(time, sealer, this.config, () => this);
    log.listen((event) => this.#onEvent(event, reconciling));
    const parts: EngineParts = {
      ...{ reconciler: reconciling.room, answers: reconciling.answers },
      ambient: { clock: time, timers: this.timers, rng: draw.rng, call_ids: idSource('call_', draw.rng) },
      ...{ log, accounts: ledger, shared, estimator, health, kills, observed },
      live: { health, kills, observed },
      tuners: tunersOf(this.config),
      throttles: new Throttles(() => this.time.mono_ms()),
      idempotency: new IdempotencyIndex(archive, sealer, { ...this.#memory, now_ms: time.now_ms }),
      stages,
      countTokens: () => Promise.resolve(draw.int(1, 200)),
      hash: sha256,
      decided: () => undefined,
      onFault: (fault) => this.#onFault(fault),
      priced: (target) => target,
      connected: () => [],
    };
    return new Engine(this.#seams === undefined ? parts : seamedParts(this.#seams, parts), this.#generation());
  }

  #generation(): Generation {
    this.#generations += 1;
    const shapes = new Map(
      this.config.providers.map((p) => [p.id, p.type === 'anthropic' ? 'anthropic' : 'openai'] as const),
    );
    return buildGeneration(this.config, [], {
      number: this.#generations,
      hash: String(this.#generations),
      transportOf: ({ id }) => {
        const transport = this.upstreams.transport(id, shapes.get(id) ?? 'openai');
        return this.#seams === undefined ? transport : seamedTransport(this.#seams, transport);
      },
    });
  }

  #onEvent(event: RouterEvent, reconciling: Reconciling): void {
    reconciling.observe(event);
    // Where something threw, less may have been read of an answer than was sent.
    if (this.#seams !== undefined || (event.type !== 'call.opened' && event.type !== 'attempt.started')) return;
    for (const { call } of this.engine.calls()) {
      const { call_id } = call.head;
      if (call_id === event.call_id && call.caps !== NO_CAPS) this.breaches.push(...overCaps(event, call.caps, this));
    }
  }

  #onSend(served: Served): void {
    const intent = this.log.serving;
    const named = intent?.type === 'call.opened' || intent?.type === 'attempt.started' ? intent : undefined;
    if (named === undefined || !this.log.isWritten(named)) {
      this.breaches.push(`something was sent to ${served.provider} without its intent in the journal`);
      return;
    }
    this.intents.set(served, named);
    const { call_id } = named;
    pushTo(this.exchanges, call_id, served);
    const asked = this.#by_call.get(call_id);
    const sender = {
      ...{ client: asked?.client, limits_money: asked?.limits_money === true },
      is_fanout: asked !== undefined && isFanout(asked.plan),
    };
    this.breaches.push(...brokenSend(served, named, sender, this.kills));
    if (this.#drained) this.breaches.push(`${call_id} was sent after the router had said that it is empty`);
  }

  /** Nothing throws in a history in which nothing is made to. */
  #onFault(fault: unknown): void {
    this.faults.push(fault);
    if (this.#seams !== undefined) return;
    this.breaches.push(`a fault: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`);
  }

  /** Which promise each exchange was made for. */
  readonly intents: Map<Served, CallOpened | AttemptStarted> = new Map();
  readonly exchanges: Map<string, Served[]> = new Map();
  readonly #by_call: Map<string, Submitted> = new Map();

  #onEnding({ call_id, client }: Submitted): void {
    this.breaches.push(...brokenEnding(call_id, client, this.log));
  }
}

type Stages = ReturnType<typeof drawStages>;

const ROOMY = { max_entries: 100 };
