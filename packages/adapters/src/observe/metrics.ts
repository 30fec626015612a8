import type { CallEnded, CallRefused, RouterEvent } from '@atp-router/ledger';
import { nanosToMicros } from '@atp-router/kernel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LabelLimit } from './label-limit.ts';

/** Values that are read when somebody scrapes, not when they change. */
export interface LiveGauges {
  calls_in_flight(): number;
  journal(): { readonly pending_chars: number; readonly bytes_total: number; readonly write_errors_total: number };
  tenants(): Iterable<TenantGauges>;
  targets(): Iterable<TargetGauges>;
}

export interface TenantGauges {
  readonly tenant: string;
  readonly outstanding_calls: number;
  readonly outstanding_tokens: number;
  readonly outstanding_usd_micros: number;
  readonly used_usd_micros: number;
  /** How far the day's money budget is overdrawn. */
  readonly debt_usd_micros: number;
}

export interface TargetGauges {
  readonly provider: string;
  readonly model: string;
  /** 0 closed, 1 half open, 2 open. */
  readonly breaker: number;
  readonly ready: boolean;
  readonly in_flight: number;
  readonly waiting: number;
  readonly mape: number | undefined;
  readonly under_rate: number | undefined;
}

// Ten thousand tenants would make a hundred thousand series; a scrape that large is of no use to anybody.
const TENANTS_MAX = 500;
const MODELS_MAX = 500;

const LATENCY_SECONDS: number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const DECISION_SECONDS: number[] = [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 5e-3, 2.5e-2];

type CounterChild = { inc(value?: number): void };
type HistogramChild = { observe(value: number): void };

interface CallSeries {
  readonly calls: CounterChild;
  readonly latency: HistogramChild;
  readonly ttfb: HistogramChild;
  readonly cost: CounterChild;
  readonly tokens_in: CounterChild;
  readonly tokens_out: CounterChild;
  readonly tokens_cached: CounterChild;
  readonly tokens_reasoning: CounterChild;
}

/** The Prometheus side of the event catalogue: every series comes from an event or is read at scrape time. */
export class RouterMetrics {
  readonly registry: Registry = new Registry();
  readonly #tenants: LabelLimit = new LabelLimit(TENANTS_MAX);
  readonly #models: LabelLimit = new LabelLimit(MODELS_MAX);
  /** Resolved children by label values: looking labels up for each call would cost more than counting. */
  readonly #series: Map<string, CallSeries> = new Map();
  readonly #calls: Counter;
  readonly #latency: Histogram;
  readonly #ttfb: Histogram;
  readonly #cost: Counter;
  readonly #tokens: Counter;
  readonly #attempts: Counter;
  readonly #refused: Counter;
  readonly #decision: Histogram;
  readonly #breaker_changes: Counter;
  readonly #config: Counter;
  readonly #stopped: Counter;

  constructor(version: string) {
    const registers = [this.registry];
    const call = ['endpoint', 'tenant', 'model', 'outcome'];
    this.#calls = new Counter({ name: 'atp_calls_total', help: 'Calls that ended.', labelNames: call, registers });
    this.#latency = new Histogram({
      name: 'atp_call_duration_seconds',
      help: 'From the request being read to the last byte.',
      labelNames: ['endpoint', 'outcome'],
      buckets: LATENCY_SECONDS,
      registers,
    });
    this.#ttfb = new Histogram({
      name: 'atp_time_to_first_byte_seconds',
      help: 'From dispatch to the first byte of the upstream.',
      labelNames: ['model'],
      buckets: LATENCY_SECONDS,
      registers,
    });
    this.#cost = new Counter({
      name: 'atp_cost_usd_micros_total',
      help: 'Cost of all attempts, micro-dollars.',
      labelNames: ['tenant', 'model'],
      registers,
    });
    this.#tokens = new Counter({
      name: 'atp_tokens_total',
      help: 'Tokens of all attempts. Input includes cached, output includes reasoning.',
      labelNames: ['tenant', 'model', 'kind'],
      registers,
    });
    this.#attempts = new Counter({
      name: 'atp_attempts_total',
      help: 'Attempts at upstreams.',
      labelNames: ['provider', 'model', 'kind', 'outcome'],
      registers,
    });
    this.#refused = new Counter({
      name: 'atp_refused_total',
      help: 'Requests refused before any upstream was asked.',
      labelNames: ['endpoint', 'error'],
      registers,
    });
    this.#decision = new Histogram({
      name: 'atp_decision_seconds',
      help: 'Authenticate, budget and route, without reading the body.',
      buckets: DECISION_SECONDS,
      registers,
    });
    this.#breaker_changes = new Counter({
      name: 'atp_breaker_changes_total',
      help: 'Circuit breaker transitions.',
      labelNames: ['provider', 'model', 'to'],
      registers,
    });
    this.#config = new Counter({
      name: 'atp_config_reloads_total',
      help: 'Configurations that were offered.',
      labelNames: ['result'],
      registers,
    });
    this.#stopped = new Counter({ name: 'atp_killed_calls_total', help: 'Calls ended by a kill switch.', registers });
    const info = new Gauge({ name: 'atp_build_info', help: 'Version.', labelNames: ['version'], registers });
    info.set({ version }, 1);
    collectDefaultMetrics({ register: this.registry });
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
      case 'call.refused':
        this.#onRefused(event);
        break;
      case 'breaker.changed':
        this.#breaker_changes.inc({ provider: event.provider, model: this.#models.of(event.model), to: event.to });
        break;
      case 'config.applied':
      case 'config.rejected':
        this.#config.inc({ result: event.type === 'config.applied' ? 'applied' : 'rejected' });
        break;
      case 'kill.set':
        this.#stopped.inc(event.stopped_calls);
        break;
      default:
    }
  }

  #onCall(event: CallEnded): void {
    const last = event.attempts[event.attempts.length - 1];
    const series = this.#seriesOf(event, last?.model ?? '');
    series.calls.inc();
    series.latency.observe(event.latency_ms / 1_000);
    if (event.ttfb_ms !== undefined) series.ttfb.observe(event.ttfb_ms / 1_000);
    if (event.cost_usd_nanos > 0) series.cost.inc(nanosToMicros(event.cost_usd_nanos));
    const { usage } = event;
    if (usage.in_tokens > 0) series.tokens_in.inc(usage.in_tokens);
    if (usage.out_tokens > 0) series.tokens_out.inc(usage.out_tokens);
    if (usage.cached_in_tokens > 0) series.tokens_cached.inc(usage.cached_in_tokens);
    if (usage.reasoning_tokens > 0) series.tokens_reasoning.inc(usage.reasoning_tokens);
    for (const attempt of event.attempts) {
      const { provider, kind, outcome } = attempt;
      this.#attempts.inc({ provider, model: this.#models.of(attempt.model), kind, outcome });
    }
  }

  #onRefused(event: CallRefused): void {
    this.#refused.inc({ endpoint: event.endpoint, error: event.error });
  }

  #seriesOf(event: CallEnded, model_id: string): CallSeries {
    const tenant = this.#tenants.of(event.tenant);
    const model = this.#models.of(model_id);
    const { endpoint, outcome } = event;
    const key = `${endpoint}\n${tenant}\n${model}\n${outcome}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const tokens = (kind: string): CounterChild => this.#tokens.labels({ tenant, model, kind });
      series = {
        calls: this.#calls.labels({ endpoint, tenant, model, outcome }),
        latency: this.#latency.labels({ endpoint, outcome }),
        ttfb: this.#ttfb.labels({ model }),
        cost: this.#cost.labels({ tenant, model }),
        tokens_in: tokens('input'),
        tokens_out: tokens('output'),
        tokens_cached: tokens('cached_input'),
        tokens_reasoning: tokens('reasoning'),
      };
      this.#series.set(key, series);
    }
    return series;
  }

  render(): Promise<string> {
    return this.registry.metrics();
  }

  get content_type(): string {
    return this.registry.contentType;
  }
}
