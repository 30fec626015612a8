import { provider, PROVIDER_IDS, type RouterConfig, standardConfig, tenant } from '../config.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { KILL_PRICE } from './price.ts';
import { CLIENTS } from './workload.ts';

/** Some of the clients wait for the others. */
export const PARALLEL_MAX: number = CLIENTS - 2;

/** What the workload asks for, at a price; no provider is left out, whatever it answers. */
export function killConfig(upstream: Upstream, over: Parameters<typeof tenant>[1] = {}): RouterConfig {
  const breaker = { min_calls: 100_000, open_ms: 100 };
  const base = standardConfig(upstream);
  return {
    ...base,
    providers: PROVIDER_IDS.map((id) => provider(upstream, id, { breaker })),
    models: base.models.map((model) => ({ ...model, price: KILL_PRICE })),
    policies: [
      { id: 'chain', fallback: ['m-chat', 'm-anthropic'] },
      { id: 'hedged', fallback: ['m-chat', 'm-anthropic'], hedge_after_ms: 1 },
    ],
    tenants: [tenant('acme', { at_limit: 'wait', window: { max_parallel: PARALLEL_MAX }, ...over })],
  };
}
