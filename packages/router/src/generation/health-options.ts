import type { Config, ProviderConfig } from '@atp-router/adapters';
import { DEFAULT_BREAKER, DEFAULT_READINESS, type TargetHealthOptions } from '@atp-router/routing';

/** For a provider that is no longer configured. */
export const DEFAULT_HEALTH: TargetHealthOptions = { breaker: DEFAULT_BREAKER, readiness: DEFAULT_READINESS };

/** Breaker and readiness settings of one provider. An absent gate never closes. */
export function healthOptions(provider: ProviderConfig): TargetHealthOptions {
  const { breaker, readiness } = provider;
  return {
    breaker: {
      ...DEFAULT_BREAKER,
      failure_ratio: breaker.failure_ratio,
      min_calls: breaker.min_calls,
      window_ms: breaker.window_ms,
      open_ms: breaker.open_ms,
      open_max_ms: Math.max(breaker.open_ms, DEFAULT_BREAKER.open_max_ms),
      probes: breaker.half_open_probes,
    },
    readiness: {
      ...DEFAULT_READINESS,
      p95_max_ms: readiness.p95_ms ?? Number.POSITIVE_INFINITY,
      error_rate_max: readiness.error_rate ?? Number.POSITIVE_INFINITY,
    },
  };
}

export function providerConfigOf(config: Config, provider_id: string): ProviderConfig | undefined {
  return config.providers.find((provider) => provider.id === provider_id);
}
