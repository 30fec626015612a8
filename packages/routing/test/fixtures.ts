import type { Price } from '@atp-router/kernel';
import type { Health, Kills, Live, ModelEntry, ModelSpec, Observed, RequestFacts } from '../src/index.ts';

export const price = (usd_per_mtok_in: number, usd_per_mtok_out: number): Price => ({
  in_usd_micros_per_mtok: usd_per_mtok_in * 1e6,
  out_usd_micros_per_mtok: usd_per_mtok_out * 1e6,
  cached_in_usd_micros_per_mtok: usd_per_mtok_in * 1e6,
  cache_write_usd_micros_per_mtok: usd_per_mtok_in * 1e6,
  reasoning_usd_micros_per_mtok: usd_per_mtok_out * 1e6,
  per_request_usd_nanos: 0,
});

export const spec = (id: string, more: Partial<ModelSpec> = {}): ModelSpec => ({
  id,
  provider_id: 'up',
  upstream_model: `x-${id}`,
  context: 100_000,
  capabilities: new Set(['chat', 'tools']),
  price: price(1, 4),
  safety_grade: 'A',
  status: 'active',
  ...more,
});

export const facts = (more: Partial<RequestFacts> = {}): RequestFacts => ({
  tenant: { id: 'acme' },
  qos: 'silver',
  needs: ['chat'],
  in_tokens: 1_000,
  out_tokens: 500,
  data_scopes: [],
  ...more,
});

export const NOTHING_OBSERVED: Observed = {
  successRate: () => undefined,
  p95_ms: () => undefined,
  mape: () => undefined,
  underRate: () => undefined,
};

export interface LiveSpec {
  /** Ids of models whose circuit is open, and for how long. */
  readonly open?: Readonly<Record<string, number>>;
  readonly slow?: readonly string[];
  readonly killed?: readonly string[];
  readonly killed_providers?: readonly string[];
  readonly observed?: Partial<Observed>;
}

export function live(state: LiveSpec = {}): Live {
  const wait = (model: ModelEntry): number | undefined => state.open?.[model.id];
  const health: Health = {
    admits: (model) => wait(model) === undefined,
    ready: (model) => !(state.slow ?? []).includes(model.id),
    retryAfter_ms: wait,
  };
  const kills: Kills = {
    model: (id) => (state.killed ?? []).includes(id),
    provider: (id) => (state.killed_providers ?? []).includes(id),
  };
  return { health, kills, observed: { ...NOTHING_OBSERVED, ...state.observed } };
}
