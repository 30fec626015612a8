import type { Config, ModelConfig, PolicyConfig } from '@atp-router/adapters';
import { compileMatch, type ModelSpec, type PolicyEntry } from '@atp-router/routing';
import { energyOf } from '../carbon/energy.ts';
import { lackingOf } from '../lifecycle/lacking.ts';
import { lastMoved_ms, type Papers } from '../lifecycle/papers.ts';
import { chainOfFanout, keepsLocal } from './fanout.ts';
import type { Cast } from './personas.ts';
import { priceOf } from './prices.ts';
import { usdNanos } from './usd-nanos.ts';

/** A model with its papers. */
export function registered(model: ModelConfig, papers: Papers | undefined, config: Config): ModelSpec {
  const spec = modelSpec(model);
  const lacks_manifest = lackingOf(spec, papers, config);
  const status_since_ms = papers && lastMoved_ms(papers);
  const region = config.providers.find(({ id }) => id === model.provider)?.region ?? spec.region;
  return { ...spec, region, status_since_ms, lacks_manifest, energy: energyOf(model, spec, papers, config) };
}

/** A model as routing knows it, without its papers. */
export function modelSpec(model: ModelConfig): ModelSpec {
  return {
    id: model.id,
    provider_id: model.provider,
    upstream_model: model.upstream_model ?? model.id,
    context: model.context,
    max_output_tokens: model.max_output_tokens,
    capabilities: new Set<string>(model.capabilities),
    price: model.price === undefined ? undefined : priceOf(model.price),
    safety_grade: model.safety_grade,
    status: model.status,
    data_scopes: model.data_scopes === undefined ? undefined : new Set(model.data_scopes),
    regions: model.regions,
    region: model.regions?.[0],
    expected_latency_ms: model.expected_latency_ms,
    expected_quality: model.expected_quality,
  };
}

export function policyEntry(policy: PolicyConfig, cast: Cast): PolicyEntry {
  const { budget, match, fanout, fallback } = policy;
  return {
    id: policy.id,
    // Without a chain of its own it is made of whom the policy asks: nobody else may see its calls.
    fallback: fallback.length === 0 && fanout !== undefined ? chainOfFanout(fanout, cast) : fallback,
    on_budget_exhausted: policy.on_budget_exhausted,
    max_attempts: policy.max_attempts,
    hedge_after_ms: policy.hedge_after_ms,
    min_safety_grade: policy.min_safety_grade,
    local_only: keepsLocal(policy, cast),
    match: match === undefined ? undefined : compileMatch(match),
    budget: budget === undefined ? undefined : { usd_nanos: usdNanos(budget.usd), tokens: budget.tokens },
  };
}
