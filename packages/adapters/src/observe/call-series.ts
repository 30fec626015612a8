import { ERROR_CATALOGUE, NANOS_PER_MICRO } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import { type Counter, type Histogram, Lazy, type PairLimits, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

// At 8 to 28 series a pair these make at most about 100,000 lines of a scrape, some 10 MB; one tenant or provider whose
// clients make up model names cannot use the places of the others up.
export const TENANT_MODELS: PairLimits = { per_first: 100, total: 2_000 };
export const PROVIDER_MODELS: PairLimits = { per_first: 200, total: 1_000 };

export const LATENCY_SECONDS: readonly number[] = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 120, 300],
];
/** What calls of one tenant with one model are counted in. */
export interface SpentSeries {
  /** By endpoint, then outcome. */
  readonly calls: Lazy<Lazy<Counter>>;
  readonly usd_nanos: Counter;
  readonly input: Counter;
  readonly cached_input: Counter;
  readonly cache_write_input: Counter;
  readonly output: Counter;
  readonly reasoning_output: Counter;
}

/** What attempts at one model of one provider are counted in. */
export interface TargetSeries {
  /** By kind, then outcome. */
  readonly attempts: Lazy<Lazy<Counter>>;
  readonly errors: Lazy<Counter>;
  readonly ttfb: Histogram;
  readonly counted: Counter;
}

/** Kinds of tokens are disjoint, so that a sum over them counts each token once. */
export function addUsage(spent: SpentSeries, { cost_usd_nanos, usage }: AttemptRecord): void {
  spent.usd_nanos.inc(cost_usd_nanos);
  spent.input.inc(Math.max(0, usage.in_tokens - usage.cached_in_tokens - usage.cache_write_tokens));
  spent.cached_input.inc(usage.cached_in_tokens);
  spent.cache_write_input.inc(usage.cache_write_tokens);
  spent.output.inc(Math.max(0, usage.out_tokens - usage.reasoning_tokens));
  spent.reasoning_output.inc(usage.reasoning_tokens);
}

/** Codes come from the catalogue; anything else must not become a label. */
export function knownError(code: string): string {
  return code in ERROR_CATALOGUE ? code : 'internal_error';
}

export function spentTable(registry: MetricRegistry): PairTable<SpentSeries> {
  const calls = registry.counter({
    name: 'atp_calls_total',
    help: 'Calls that ended, by the model that was asked last.',
    labels: ['tenant', 'model', 'endpoint', 'outcome'],
  });
  const cost = registry.counter({
    name: 'atp_cost_usd_micros_total',
    help: 'Cost of all attempts in micro-dollars, by the model that it was paid for.',
    labels: ['tenant', 'model'],
    divisor: NANOS_PER_MICRO,
  });
  const tokens = registry.counter({
    name: 'atp_tokens_total',
    help: 'Tokens of all attempts: input, cached_input, cache_write_input, output, reasoning_output. The kinds do not overlap.',
    labels: ['tenant', 'model', 'kind'],
  });
  return new PairTable(
    (tenant, model) => ({
      calls: new Lazy((endpoint) => new Lazy((outcome) => calls.series(tenant, model, endpoint, outcome))),
      usd_nanos: cost.series(tenant, model),
      input: tokens.series(tenant, model, 'input'),
      cached_input: tokens.series(tenant, model, 'cached_input'),
      cache_write_input: tokens.series(tenant, model, 'cache_write_input'),
      output: tokens.series(tenant, model, 'output'),
      reasoning_output: tokens.series(tenant, model, 'reasoning_output'),
    }),
    TENANT_MODELS,
  );
}

export function targetTable(registry: MetricRegistry): PairTable<TargetSeries> {
  const labels = ['provider', 'model'];
  const attempts = registry.counter({
    name: 'atp_attempts_total',
    help: 'Attempts that were sent to an upstream: primary, retry, fallback, hedge.',
    labels: [...labels, 'kind', 'outcome'],
  });
  const errors = registry.counter({
    name: 'atp_attempt_errors_total',
    help: 'Attempts that failed, by the code of the error catalogue.',
    labels: [...labels, 'error'],
  });
  const ttfb = registry.histogram({
    name: 'atp_time_to_first_byte_seconds',
    help: 'From the decision for an attempt to the head of the upstream answer; waiting for a place at the target is part of it.',
    labels,
    buckets: LATENCY_SECONDS,
  });
  const counted = registry.counter({
    name: 'atp_attempts_counted_usage_total',
    help: 'Attempts whose usage the router counted because the provider did not report it.',
    labels,
  });
  return new PairTable(
    (provider, model) => ({
      attempts: new Lazy((kind) => new Lazy((outcome) => attempts.series(provider, model, kind, outcome))),
      errors: new Lazy((error) => errors.series(provider, model, error)),
      ttfb: ttfb.series(provider, model),
      counted: counted.series(provider, model),
    }),
    PROVIDER_MODELS,
  );
}
