import type { HostedTool } from '@atp-router/dialects';
import { addUsdNanos, type HostedUses, type Price, type UsdNanos } from '@atp-router/kernel';
import { expectedUsdNanos, hostedUsesUsdNanos } from '@atp-router/providers';
import type { Attempt } from './attempt.ts';
import type { AdmittedCall } from './env.ts';
import type { Target } from './target.ts';

/** The tools of a call that are sent to this target: they exist only in the shape that declared them. */
export function toolsSent(target: Target, call: Pick<AdmittedCall, 'hosted_tools'>): readonly HostedTool[] {
  if (call.hosted_tools === undefined) return NOTHING;
  const { id } = target.description.dialect;
  return call.hosted_tools.filter((tool) => tool.origin === id);
}

const NOTHING: readonly HostedTool[] = [];

/**
 * What an attempt is reserved at: the price of its model, with the expected uses of the tools that it declares as a part
 * of the fee. So all that reserves, caps and extends counts them, and nothing of it has to know of tools.
 */
export function reservedPrice(target: Target, call: Pick<AdmittedCall, 'hosted_tools'>): Price | undefined {
  const { price } = target.model;
  if (call.hosted_tools === undefined) return price;
  const tools_usd_nanos = expectedUsdNanos(toolsSent(target, call), target.tool_prices);
  if (tools_usd_nanos === 0) return price;
  const own = price ?? UNPRICED;
  return { ...own, per_request_usd_nanos: addUsdNanos(own.per_request_usd_nanos, tools_usd_nanos) };
}

/** The tokens of a model without a price cost nothing here; its tools have prices of their own. */
const UNPRICED: Price = {
  in_usd_micros_per_mtok: 0,
  out_usd_micros_per_mtok: 0,
  cached_in_usd_micros_per_mtok: 0,
  cache_write_usd_micros_per_mtok: 0,
  reasoning_usd_micros_per_mtok: 0,
  per_request_usd_nanos: 0,
};

/** What tools at the provider cost in this attempt, as far as its answer has shown their uses. */
export function toolsUsdNanos(attempt: Attempt): UsdNanos {
  const { spec } = attempt;
  const uses = attempt.hosted_uses ?? searched(attempt);
  return uses === undefined ? 0 : hostedUsesUsdNanos(uses, spec.hosted_tools, spec.target.tool_prices);
}

/** The search option of Chat Completions is billed with each answer, and no answer tells of it. */
function searched(attempt: Attempt): HostedUses | undefined {
  const asked = attempt.spec.hosted_tools.some((tool) => tool.type === 'web_search_options');
  const answered = attempt.answer !== undefined || attempt.relay?.has_content === true;
  return asked && answered ? ONE_SEARCH : undefined;
}

const ONE_SEARCH: HostedUses = { web_search: 1 };
