import type { Live } from './resolve.ts';
import type { RequestFacts } from './facts.ts';
import { removalOf } from './filters.ts';
import type { ModelEntry, Registry } from './registry.ts';
import { expectedCost } from './score.ts';

/**
 * All active models that may serve a request, the cheapest first; models without a price come last. For tenants that
 * would rather have a cheaper answer than none (`at_limit: degrade`).
 */
export function eligibleByCost(
  registry: Registry,
  facts: RequestFacts,
  live: Live,
  now_ms: number,
): readonly ModelEntry[] {
  const priced = registry.models
    .filter((model) => removalOf(model, 'auto', facts, undefined, live.health, live.kills, now_ms) === undefined)
    .map((model) => ({ model, cost: expectedCost(model, facts, facts.out_tokens) ?? Number.POSITIVE_INFINITY }));
  priced.sort((a, b) => a.cost - b.cost || (a.model.id < b.model.id ? -1 : 1));
  return priced.map(({ model }) => model);
}
