import type { UpstreamCaller, UsageBound } from '@atp-router/adapters';
import {
  costUsdNanos,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  nanosToMicros,
  type Price,
  type Usage,
  ZERO_USAGE,
} from '@atp-router/kernel';
import type { AdapterEstimateContent } from '@atp-router/wire';

type Bound = UpstreamCaller['budget'];

export interface Excess {
  readonly of: 'tokens' | 'usd_micros';
  /** With the unit. */
  readonly needs: string;
  readonly left: number;
}

/** What of an estimate is above the budget, if anything is. */
export function excessOf(estimate: AdapterEstimateContent, budget: Bound): Excess | undefined {
  const { tokens = Infinity, usd_micros = Infinity } = budget;
  const wanted = estimate.in_tokens + estimate.out_tokens;
  if (wanted > tokens) return { of: 'tokens', needs: `${wanted} tokens`, left: tokens };
  if (estimate.usd_micros <= usd_micros) return undefined;
  return { of: 'usd_micros', needs: `${estimate.usd_micros} micro-dollars`, left: usd_micros };
}

/** An estimate is a guess; who needs more than twice of it has not estimated. */
const ANNOUNCED_FACTOR = 2;

/**
 * A result whose usage is within what may be charged. What is above it is taken off, so that nobody is charged for it.
 * `is_excess`: also more than the budget, or than the agent itself had announced.
 */
export function withinBound(
  data: JsonObject,
  { billable, budget, price }: Pick<UpstreamCaller, 'billable' | 'budget' | 'price'>,
  estimate: AdapterEstimateContent | undefined,
): { readonly data: JsonObject; readonly is_excess: boolean } {
  const usage = usageOf(data['usage']);
  if (usage === undefined || billable === undefined) return { data, is_excess: false };
  if (isWithin(usage, billable, price)) return { data, is_excess: false };
  const fit = fitting(usage, billable);
  const { in_tokens, out_tokens } = price === undefined ? fit : affordable(fit, price, billable);
  const is_excess = !isWithin(usage, budget, price) || usage.in_tokens + usage.out_tokens > announced(estimate);
  return { data: { ...data, usage: { in_tokens, out_tokens } }, is_excess };
}

function isWithin(
  usage: Usage,
  { tokens = Infinity, usd_micros = Infinity }: Bound,
  price: Price | undefined,
): boolean {
  if (usage.in_tokens + usage.out_tokens > tokens) return false;
  return price === undefined || microsOf(usage, price) <= usd_micros;
}

function announced(estimate: AdapterEstimateContent | undefined): number {
  const { in_tokens = 0, out_tokens = 0, p95_tokens = 0 } = estimate ?? {};
  return ANNOUNCED_FACTOR * Math.max(in_tokens + out_tokens, p95_tokens);
}

/** As the dialect reads it. What is none is left as it is: then the router counts. */
function usageOf(value: JsonValue | undefined): Usage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { in_tokens, out_tokens } = value;
  if (!isCount(in_tokens) || !isCount(out_tokens)) return undefined;
  const part = (key: string, most: number): number => {
    const count = value[key];
    return isCount(count) ? Math.min(most, count) : 0;
  };
  const cached_in_tokens = part('cached_in_tokens', in_tokens);
  return {
    ...{ in_tokens, out_tokens, cached_in_tokens },
    cache_write_tokens: part('cache_write_tokens', in_tokens - cached_in_tokens),
    reasoning_tokens: part('reasoning_tokens', out_tokens),
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && Number.isSafeInteger(value);
}

function fitting(usage: Usage, { tokens }: UsageBound): Usage {
  const in_tokens = Math.min(usage.in_tokens, tokens);
  return { ...ZERO_USAGE, in_tokens, out_tokens: Math.min(usage.out_tokens, tokens - in_tokens) };
}

/** The same share of both counts, as much as the money covers beside what each request costs. */
function affordable(usage: Usage, price: Price, { usd_micros }: UsageBound): Usage {
  if (microsOf(usage, price) <= usd_micros) return usage;
  // Not of `microsOf`, which ends at the largest amount there is.
  const usd_picos = usage.in_tokens * price.in_usd_micros_per_mtok + usage.out_tokens * price.out_usd_micros_per_mtok;
  // Tokens that cost nothing are not what is too dear.
  if (usd_picos === 0) return usage;
  const left_micros = Math.max(0, usd_micros - microsOf(ZERO_USAGE, price));
  const share = Math.min(1, (left_micros * 1_000_000) / usd_picos);
  const in_tokens = Math.floor(usage.in_tokens * share);
  return { ...ZERO_USAGE, in_tokens, out_tokens: Math.floor(usage.out_tokens * share) };
}

function microsOf(usage: Usage, price: Price): number {
  return nanosToMicros(costUsdNanos(usage, price));
}
