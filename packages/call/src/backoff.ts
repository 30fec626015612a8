import type { Rng } from '@atp-router/kernel';
import type { RetryPolicy } from './types.ts';

/**
 * Delay before try number `tries + 1`: full jitter over an exponential ceiling (M. Brooker, "Exponential Backoff And
 * Jitter", 2015), never earlier than the provider's `retry-after`.
 */
export function retryDelay_ms(
  tries: number,
  policy: RetryPolicy,
  retry_after_ms: number | undefined,
  rng: Rng,
): number {
  const ceiling_ms = Math.min(policy.cap_ms, policy.base_ms * 2 ** Math.max(0, tries - 1));
  return Math.max(retry_after_ms ?? 0, Math.round(rng.next() * ceiling_ms));
}
