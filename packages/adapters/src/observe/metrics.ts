import type { AttemptRecord, CallEnded, RouterEvent } from '@atp-router/ledger';
import {
  addUsage,
  knownError,
  LATENCY_SECONDS,
  PROVIDER_MODELS,
  type SpentSeries,
  spentTable,
  TENANT_MODELS,
  type TargetSeries,
  targetTable,
} from './call-series.ts';
import { AffinitySeries } from './affinity-series.ts';
import { CacheSeries } from './cache-series.ts';
import { CarbonSeries } from './carbon-series.ts';
import { ConsensusSeries } from './consensus-series.ts';
import { RouteSeries } from './route-series.ts';
import { ObservationSeries } from './observation-series.ts';
import { ShadowSeries } from './shadow-series.ts';
import { SuccessSeries } from './success-series.ts';
import { type Counter, type Histogram, Lazy, PairTable } from './instruments.ts';
import { EmbedSeries } from './embed-series.ts';
import { FlowSeries } from './flow-series.ts';
import { type Family, MetricRegistry } from './registry.ts';
import { SessionSeries } from './session-series.ts';

const DECISION_SECONDS: readonly number[] = [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 5e-3, 2.5e-2];

/** The Prometheus side of the event catalogue: every series comes from an event or is read at scrape time. */
export class RouterMetrics {
  readonly registry: MetricRegistry = new MetricRegistry();
  readonly sessions: SessionSeries = new SessionSeries(this.registry);
  readonly flow: FlowSeries = new FlowSeries(this.registry);
  readonly #consensus: ConsensusSeries = new ConsensusSeries(this.registry);
  readonly #routing: RouteSeries = new RouteSeries(this.registry);
  readonly #carbon: CarbonSeries = new CarbonSeries(this.registry);
  readonly #shadows: ShadowSeries = new ShadowSeries(this.registry);
  readonly observations: ObservationSeries = new ObservationSeries(this.registry);
  readonly success: SuccessSeries = new SuccessSeries(this.registry);
  readonly affinity: AffinitySeries = new AffinitySeries(this.registry);
  readonly cache: CacheSeries = new CacheSeries(this.registry);
  readonly embeddings: EmbedSeries = new EmbedSeries(this.registry);
  readonly #spent: PairTable<SpentSeries>;
  readonly #targets: PairTable<TargetSeries>;
  readonly #breaker_changes: PairTable<Lazy<Counter>>;
  /** By endpoint, then outcome. */
  readonly #duration: Lazy<Lazy<Histogram>>;
  readonly #refused: Lazy<Lazy<Counter>>;
  readonly #replays: Lazy<Counter>;
  readonly #stage_aborts: PairTable<Counter>;
  readonly #decision: Histogram;
  readonly #reloads: Family<Counter>;
  readonly #killed: Counter;
  readonly #recovered: Counter;
  #last_reload_ok = 1;

  constructor(version: string) {
    this.#spent = spentTable(this.registry);
    this.#targets = targetTable(this.registry);
    const duration = this.registry.histogram({
      name: 'atp_call_duration_seconds',
      help: 'From the head of the request to the last byte of the answer.',
      labels: ['endpoint', 'outcome'],
      buckets: LATENCY_SECONDS,
    });
    this.#duration = new Lazy((endpoint) => new Lazy((outcome) => duration.series(endpoint, outcome)));
    this.#decision = this.registry
      .histogram({
        name: 'atp_decision_seconds',
        help: 'Authenticate, admit, route and reserve, until the first attempt is decided on. Reading and parsing the body and waiting do not count.',
        buckets: DECISION_SECONDS,
      })
      .series();
    const refused = this.registry.counter({
      name: 'atp_calls_refused_total',
      help: 'Requests that were refused before any upstream was asked.',
      labels: ['endpoint', 'error'],
    });
    this.#refused = new Lazy((endpoint) => new Lazy((error) => refused.series(endpoint, knownError(error))));
    const replays = this.registry.counter({
      name: 'atp_idempotent_replays_total',
      help: 'Requests that were answered with the stored outcome of an earlier one.',
      labels: ['endpoint'],
    });
    this.#replays = new Lazy((endpoint) => replays.series(endpoint));
    const aborts = this.registry.counter({
      name: 'atp_stage_aborts_total',
      help: 'Calls that a stage (guard, validator) ended.',
      labels: ['stage', 'error'],
    });
    this.#stage_aborts = new PairTable((stage, error) => aborts.series(stage, error), TENANT_MODELS);
    const changes = this.registry.counter({
      name: 'atp_breaker_changes_total',
      help: 'Changes of a circuit breaker, by the state that it came to.',
      labels: ['provider', 'model', 'to'],
    });
    this.#breaker_changes = new PairTable(
      (provider, model) => new Lazy((to) => changes.series(provider, model, to)),
      PROVIDER_MODELS,
    );
    this.#reloads = this.registry.counter({
      name: 'atp_config_reloads_total',
      help: 'Configuration files that were offered, by what came of it.',
      labels: ['result'],
    });
    this.#killed = this.#plain('atp_killed_calls_total', 'Running calls that a kill switch ended.');
    this.#recovered = this.#plain(
      'atp_recovered_calls_total',
      'Calls that a dead process had left open and the start settled as interrupted. They count in the other series too.',
    );
    this.#constants(version);
  }

  /** Time of the routing decision of one call. */
  decided(seconds: number): void {
    this.#decision.observe(seconds);
  }

  observe(event: RouterEvent): void {
    switch (event.type) {
      case 'call.ended':
        this.#onCall(event);
        break;
      case 'consensus.ended':
        this.#consensus.observe(event);
        break;
      case 'route.decided':
        this.#routing.decided(event);
        break;
      case 'route.feedback':
        this.#routing.feedback(event);
        break;
      case 'route.drifted':
        this.#routing.drifted(event);
        break;
      case 'shadow.compared':
        this.#shadows.compared(event);
        break;
      case 'model.moved':
        this.#shadows.moved(event);
        break;
      case 'call.refused':
        this.#refused.get(event.endpoint).get(event.error).inc();
        break;
      case 'call.replayed':
        this.#replays.get(event.endpoint).inc();
        break;
      case 'stage.aborted':
        this.#stage_aborts.get(event.stage, knownError(event.error)).inc();
        break;
      case 'breaker.changed':
        this.#breaker_changes.get(event.provider, event.model).get(event.to).inc();
        break;
      case 'config.applied':
        // A change through the admin API says nothing of a file that was rejected before it and still is.
        if (event.source !== 'admin') this.#onReload(true);
        break;
      case 'config.rejected':
        this.#onReload(false);
        break;
      case 'kill.set':
        this.#killed.inc(event.stopped_calls);
        break;
      case 'node.started':
        this.#recovered.inc(event.recovered_calls);
        break;
      case 'model.custody':
      case 'call.cached':
      case 'call.opened':
      case 'attempt.started':
      case 'attempt.progress':
      case 'attempt.ended':
      case 'idempotency.stored':
      case 'consensus.learned':
      case 'feedback.given':
      case 'limits.changed':
      case 'node.stopped':
      case 'entity.put':
      case 'entity.deleted':
      case 'session.opened':
      case 'session.closed':
      case 'session.denied':
        break;
      default:
        event satisfies never;
    }
  }

  render(): Promise<string> {
    return this.registry.render();
  }

  get content_type(): string {
    return this.registry.content_type;
  }

  #onCall(event: CallEnded): void {
    const { attempts, endpoint, outcome, tenant } = event;
    this.#duration
      .get(endpoint)
      .get(outcome)
      .observe(event.latency_ms / 1_000);
    let spent: SpentSeries | undefined;
    for (let i = 0; i < attempts.length; i += 1) {
      const attempt = attempts[i] as AttemptRecord;
      this.#onAttempt(attempt);
      this.#carbon.attempt(attempt);
      spent = this.#spent.get(tenant, attempt.model);
      if (attempt.usage_source !== 'none') addUsage(spent, attempt);
    }
    // A call counts for the model that was asked last; tokens and cost for the model that used them.
    spent ??= this.#spent.get(tenant, '');
    spent.calls.get(endpoint).get(outcome).inc();
  }

  #onAttempt(attempt: AttemptRecord): void {
    const target = this.#targets.get(attempt.provider, attempt.model);
    target.attempts.get(attempt.kind).get(attempt.outcome).inc();
    if (attempt.error !== undefined) target.errors.get(knownError(attempt.error)).inc();
    if (attempt.ttfb_ms !== undefined) target.ttfb.observe(attempt.ttfb_ms / 1_000);
    if (attempt.usage_source === 'counted') target.counted.inc();
  }

  #onReload(applied: boolean): void {
    this.#last_reload_ok = applied ? 1 : 0;
    this.#reloads.series(applied ? 'applied' : 'rejected').inc();
  }

  #plain(name: string, help: string): Counter {
    return this.registry.counter({ name, help }).series();
  }

  #constants(version: string): void {
    // Series that alerts look at exist from the start: an increase from nothing is no increase to Prometheus.
    for (const result of ['applied', 'rejected']) this.#reloads.series(result);
    this.registry.live({
      name: 'atp_config_last_reload_ok',
      type: 'gauge',
      help: '1 when the configuration file that was offered last came into force, 0 when it was rejected.',
      read: () => [{ labels: [], value: this.#last_reload_ok }],
    });
    this.registry.live({
      name: 'atp_build_info',
      type: 'gauge',
      help: 'Always 1; its label says which version runs.',
      labels: ['version'],
      read: () => [{ labels: [version], value: 1 }],
    });
  }
}
