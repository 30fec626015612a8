import { createHash } from 'node:crypto';
import { checkConfig, type Config } from '@atp-router/adapters';
import type { Draw } from '@atp-router/kernel/testing';
import type { Answer } from './wire.ts';

/** What histories of one sort are made of. */
export interface Scenario {
  /** With a configuration before, its providers and models stay or are taken away, and do not change. */
  config(draw: Draw, before?: Config): Config;
  requests(draw: Draw): RequestPlan[];
  /** What models say. Absent: each something else. */
  readonly answer?: (draw: Draw) => Answer;
}

/** What the operators of a history have configured. Times are short, so that much happens in few virtual seconds. */
function drawConfig(draw: Draw, before?: Config): Config {
  const providers = before?.providers ?? ['p1', 'p2', 'p3'].map((id) => provider(draw, id));
  const kept = before !== undefined && draw.chance(0.5) ? providers.slice(0, draw.int(1, 2)) : providers;
  const models = (before?.models ?? ['m1', 'm2', 'm3', 'm4'].map((id, i) => model(draw, id, i)))
    .filter((one) => kept.some(({ id }) => id === one.provider))
    .map((one) => ({ ...one }));
  return checked({
    data_dir: '/nowhere',
    providers: kept,
    models,
    policies: ['x', 'y'].map((id) => policy(draw, id, models)),
    tenants: ['a', 'b'].map((id) => tenant(draw, id)),
    limits: { calls_in_flight: draw.chance(0.1) ? 3 : 1_000, stream_duration_ms: draw.chance(0.1) ? 1_000 : 3_600_000 },
    idempotency: { max_body_bytes: draw.chance(0.2) ? 1_024 : 1_048_576 },
  });
}

export function checked(written: object): Config {
  const result = checkConfig(JSON.stringify(written), { env: () => undefined, file: () => undefined });
  if (!result.ok) throw new Error(`the scenario is not a configuration: ${JSON.stringify(result.problems)}`);
  return result.config;
}

export function provider(draw: Draw, id: string): { readonly id: string; readonly [field: string]: unknown } {
  const type = draw.one('openai', 'openai', 'anthropic');
  return {
    id,
    type,
    base_url: `http://${id}.invalid${type === 'openai' ? '/v1' : ''}`,
    api_key: 'k',
    head_timeout_ms: draw.int(300, 2_000),
    idle_timeout_ms: draw.int(100, 1_000),
    max_concurrency: draw.one(1, 2, 4, 100),
    max_queue: draw.one(0, 1, 5, 100),
    queue_timeout_ms: draw.int(1, 2_000),
    retry: { max_attempts: draw.int(1, 3), base_ms: draw.int(1, 100), cap_ms: draw.int(100, 4_000) },
    breaker: { min_calls: draw.int(2, 10), open_ms: draw.int(100, 2_000), half_open_probes: draw.int(1, 2) },
  };
}

export function model(draw: Draw, id: string, i: number): PricedModel {
  const price = {
    in_usd_per_mtok: draw.one(0, 0.25, 2.5),
    out_usd_per_mtok: draw.one(0, 2, 15),
    ...(draw.chance(0.3) ? { cached_in_usd_per_mtok: 0.1, reasoning_usd_per_mtok: 20 } : {}),
    ...(draw.chance(0.3) ? { per_request_usd: 0.000123 } : {}),
  };
  return {
    id,
    provider: `p${(i % 3) + 1}`,
    upstream_model: `up-${id}`,
    context: 128_000,
    ...(draw.chance(0.7) ? { max_output_tokens: draw.int(50, 2_000) } : {}),
    capabilities: ['chat', 'embeddings'],
    ...(draw.chance(0.85) ? { price } : {}),
    safety_grade: 'A',
  };
}

export interface PricedModel {
  readonly id: string;
  readonly provider: string;
  readonly price?: object | undefined;
  readonly [field: string]: unknown;
}

export function policy(draw: Draw, id: string, models: readonly PricedModel[]): object {
  const fallback = draw.shuffled(models).slice(0, draw.int(1, 4));
  const usd = fallback.every((one) => one.price !== undefined) ? { usd: draw.one(0.000_5, 0.002, 0.05) } : {};
  return {
    id,
    fallback: fallback.map((one) => one.id),
    max_attempts: draw.int(1, 6),
    on_budget_exhausted: draw.one('finish', 'error'),
    ...(draw.chance(0.6) ? { hedge_after_ms: draw.int(1, 500) } : {}),
    ...(draw.chance(0.3) ? { budget: { ...usd, tokens: draw.one(100, 500, 5_000) } } : {}),
  };
}

export function tenant(draw: Draw, id: string): object {
  const budget = {
    ...(draw.chance(0.3) ? { usd_per_day: draw.one(0.001, 0.01, 0.1) } : {}),
    ...(draw.chance(0.3) ? { tokens_per_day: draw.one(500, 3_000, 50_000) } : {}),
    ...(draw.chance(0.1) ? { calls_per_day: draw.int(1, 10) } : {}),
  };
  return {
    id,
    keys: [{ id: 'k', hash: `sha256:${createHash('sha256').update(id).digest('hex')}` }],
    qos_max: 'gold',
    budget,
    at_limit: draw.one('reject', 'wait', 'degrade'),
    window: { max_parallel: draw.one(1, 2, 50), max_tokens: draw.one(800, 2_000, 100_000) },
  };
}

/** One request of a history: who asks what when, and how it behaves while it waits. */
export interface RequestPlan {
  readonly at_ms: number;
  readonly tenant: string;
  readonly endpoint: 'chat' | 'messages' | 'embeddings';
  readonly model: string;
  readonly stream: boolean;
  readonly words: number;
  readonly max_tokens: number | undefined;
  readonly qos: 'gold' | 'silver' | 'bronze';
  readonly deadline_ms: number | undefined;
  readonly max_usd_nanos: number | undefined;
  readonly idempotency_key: string | undefined;
  readonly slow_share: number;
  readonly leaves_after_ms: number | undefined;
  /** Something in the body that only a provider of the same shape may know. */
  readonly oddity?: 'role' | 'part' | 'value' | undefined;
}

function drawRequests(draw: Draw): RequestPlan[] {
  const count = draw.one(1, 2, draw.int(3, 8), draw.int(8, 25));
  const span_ms = draw.one(0, 200, 3_000);
  const plans: RequestPlan[] = [];
  for (let i = 0; i < count; i += 1) {
    const before = draw.chance(0.5) ? plans.findLast((plan) => plan.idempotency_key !== undefined) : undefined;
    plans.push(before === undefined ? drawRequest(draw, span_ms) : repeat(draw, before));
  }
  return plans;
}

export function drawRequest(draw: Draw, span_ms: number): RequestPlan {
  const endpoint = draw.one('chat', 'chat', 'messages', draw.chance(0.3) ? 'embeddings' : 'chat');
  return {
    at_ms: draw.int(0, span_ms),
    tenant: draw.one('a', 'a', 'b'),
    endpoint,
    model: draw.one('m1', 'm2', 'm3', 'm4', 'policy:x', 'policy:x', 'policy:y', 'policy:y', 'auto'),
    stream: endpoint !== 'embeddings' && draw.chance(0.7),
    words: draw.int(1, 60),
    max_tokens: draw.one(5, 100, 4_000),
    qos: draw.one('gold', 'silver', 'bronze'),
    deadline_ms: draw.chance(0.2) ? draw.int(1, 3_000) : undefined,
    max_usd_nanos: draw.chance(0.15) ? draw.int(1, 5_000_000) : undefined,
    idempotency_key: draw.chance(0.25) ? draw.one('one', 'two') : undefined,
    slow_share: draw.one(0, 0, 0.2, 0.9),
    leaves_after_ms: draw.chance(0.3) ? draw.int(0, draw.one(3, 300, 3_000)) : undefined,
    oddity: draw.chance(0.2) ? draw.one('role', 'part', 'value') : undefined,
  };
}

/** The same request under the same key, or another one by mistake. */
function repeat(draw: Draw, first: RequestPlan): RequestPlan {
  return {
    ...first,
    at_ms: first.at_ms + draw.one(0, 1, draw.int(0, 4_000)),
    words: draw.chance(0.8) ? first.words : first.words + 1,
    leaves_after_ms: draw.chance(0.2) ? draw.int(0, 1_000) : undefined,
  };
}

/** Calls that ask one at a time. */
export const PLAIN: Scenario = { config: drawConfig, requests: drawRequests };
