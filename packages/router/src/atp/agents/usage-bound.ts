import type { UpstreamCaller } from '@atp-router/adapters';
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

/** The most that the reported usage of one dispatch may come to. */
export interface UsageBound {
  readonly tokens: number;
  readonly usd_micros: number;
}

/** Without a budget: an estimate is a guess, and who needs more than twice of it has not estimated. */
const UNBUDGETED_FACTOR = 2;

/**
 * The budget of the attempt. Where there is none and tokens cost something, twice of what the router expected, or the
 * agent estimated if that is more; where nothing is paid, nothing bounds it.
 */
export function boundOf(
  { budget, expected }: Pick<UpstreamCaller, 'budget' | 'expected'>,
  estimate: AdapterEstimateContent | undefined,
  prices: readonly Price[],
): UsageBound {
  const { tokens, usd_micros = Infinity } = budget;
  if (tokens !== undefined || usd_micros < Infinity) return { tokens: tokens ?? Infinity, usd_micros };
  if (prices.length === 0) return { tokens: Infinity, usd_micros };
  const { in_tokens = 0, out_tokens = 0, p95_tokens = 0 } = estimate ?? {};
  return { tokens: UNBUDGETED_FACTOR * Math.max(expected.tokens, in_tokens + out_tokens, p95_tokens), usd_micros };
}

/**
 * A result whose usage is within the bound. What is above it is taken off, so that nobody is charged for it, and told.
 * `prices`: those that this agent can be asked at. With several it is not known which is the call's: the usage is brought
 * within the bound at each, and called too much when it is above it at all of them.
 */
export function withinBound(
  data: JsonObject,
  bound: UsageBound,
  prices: readonly Price[],
): { readonly data: JsonObject; readonly is_excess: boolean } {
  const usage = usageOf(data['usage']);
  if (usage === undefined) return { data, is_excess: false };
  const dear = prices.filter((price) => microsOf(usage, price) > bound.usd_micros);
  const is_long = usage.in_tokens + usage.out_tokens > bound.tokens;
  if (!is_long && dear.length === 0) return { data, is_excess: false };
  const is_excess = is_long || dear.length === prices.length;
  const { in_tokens, out_tokens } = prices.reduce((one, price) => affordable(one, price, bound), fitting(usage, bound));
  return { data: { ...data, usage: { in_tokens, out_tokens } }, is_excess };
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
