import type { AccuracySummary } from '../accuracy.ts';
import type { Qos } from '@atp-router/kernel';

/** Below so many samples nothing is concluded. */
const SAMPLES_MIN = 20;
/** A third of the calls above 1.2 × their estimate is no bad luck. */
const UNDER_RATE_MAX = 0.3;
/** More than half of a week is a habit. */
const CHRONIC_RATE = 0.5;
/** Time for which a penalty holds after the last reason for it. */
export const COOL_OFF_MS = 600_000;

/** What estimates that were too low cost the one who made them. */
export interface Penalty {
  /** Of what may be in flight: 1 or a half. */
  readonly parallel_factor: number;
  /** Added to each estimate, as a share of it: what its actual numbers had beyond, at most once as much. */
  readonly surcharge: number;
  /** Served as one tier worse. */
  readonly loses_tier: boolean;
  /** Wall time in milliseconds at which it ends. */
  readonly until_ms: number;
}

/** Terms of a score, each from 0 to 1: how close estimates are, and how rarely too low. */
export function predictability({ mape, under_rate }: AccuracySummary): {
  readonly close: number;
  readonly fair: number;
} {
  return { close: 1 / (1 + mape), fair: 1 - Math.min(under_rate, 0.5) };
}

/** The penalty now: a new one, the one that still holds, or none. */
export function penaltyOf(
  summary: AccuracySummary | undefined,
  held: Penalty | undefined,
  now_ms: number,
): Penalty | undefined {
  if (summary !== undefined && summary.samples >= SAMPLES_MIN && summary.under_rate > UNDER_RATE_MAX) {
    return {
      parallel_factor: 0.5,
      surcharge: Math.min(1, Math.max(0, summary.p95_overage - 1)),
      loses_tier: summary.under_rate > CHRONIC_RATE,
      until_ms: now_ms + COOL_OFF_MS,
    };
  }
  return held !== undefined && now_ms < held.until_ms ? held : undefined;
}

export function worseTier(qos: Qos): Qos {
  return qos === 'gold' ? 'silver' : 'bronze';
}
