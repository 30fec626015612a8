import { NANOS_PER_MICRO, type Qos, type UsdNanos } from '@atp-router/kernel';

/** What a call is expected to cost before it is sent (ATP `adapter.estimate`). */
export interface Estimate {
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly usd_micros: number;
  /** 95th percentile of input and output tokens together; absent while there are too few observations. */
  readonly p95_tokens?: number;
  /** 95th percentile of the cost in micro-dollars; absent as `p95_tokens` is, or without a price. */
  readonly p95_usd?: number;
  /** Variance of input and output tokens together (tokens²) and of the cost (micro-dollars²). */
  readonly variance: { readonly tokens: number; readonly usd: number };
  /** 0 (a guess) to 1 (many observations of this model). */
  readonly confidence: number;
  readonly tool_cost_breakdown: readonly ToolCost[];
  readonly tool_token_estimates: readonly ToolTokens[];
  /** Everything that was supposed rather than known, in words. */
  readonly assumptions: readonly string[];
}

/** What a provider-hosted tool, or one that an agent declares, is expected to cost in this call. */
export interface ToolCost {
  readonly tool: string;
  readonly usd_micros: number;
}

export interface ToolTokens {
  readonly tool: string;
  readonly tokens: number;
}

/** Standard deviations of safety that a tier buys. */
export function guardFactor(qos: Qos): number {
  return qos === 'gold' ? 2 : qos === 'silver' ? 1 : 0.5;
}

/** The guard band: `mean + k·sqrt(variance)`. */
export function withGuard(mean: number, variance: number, qos: Qos): number {
  return mean + guardFactor(qos) * Math.sqrt(variance);
}

/** The effective demand of an estimate at a tier, rounded up to what the windows count in. */
export function effectiveDemand(
  estimate: Estimate,
  qos: Qos,
): { readonly tokens: number; readonly usd_nanos: UsdNanos } {
  const tokens = withGuard(estimate.in_tokens + estimate.out_tokens, estimate.variance.tokens, qos);
  const usd_micros = withGuard(estimate.usd_micros, estimate.variance.usd, qos);
  return { tokens: Math.ceil(tokens), usd_nanos: Math.ceil(usd_micros) * NANOS_PER_MICRO };
}
