import type { Estimator } from '@atp-router/flow';
import { ZERO_USAGE } from '@atp-router/kernel';
import { footprintOf, type Observed, type TargetHealth } from '@atp-router/routing';
import type { IntensityOf } from '../carbon/intensities.ts';

/** Accuracy is a pass over a seven-day window: asked for a ranking, it may be this old. */
const ACCURACY_AGE_MS = 10_000;
/** Models whose accuracy is remembered between rankings. */
const CACHED_MAX = 4_096;

interface Accuracy {
  readonly at_ms: number;
  readonly mape: number | undefined;
  readonly under_rate: number | undefined;
}

/** What was measured of the models, for ranking: joins the readiness windows, the estimators, and what energy emits. */
export function observedOf(
  health: TargetHealth,
  estimator: Estimator,
  wallNow_ms: () => number,
  intensity: IntensityOf,
): Observed {
  const cache = new Map<string, Accuracy>();
  const accuracyOf = (id: string, now_ms: number): Accuracy => {
    const known = cache.get(id);
    if (known !== undefined && now_ms - known.at_ms < ACCURACY_AGE_MS) return known;
    const { total } = estimator.accuracy(id, wallNow_ms());
    const fresh = { at_ms: now_ms, mape: total?.mape, under_rate: total?.under_rate };
    if (cache.size >= CACHED_MAX) cache.clear();
    cache.set(id, fresh);
    return fresh;
  };
  return {
    successRate: (model, now_ms) => {
      const report = health.report(model, now_ms);
      return report === undefined || report.samples === 0 ? undefined : 1 - report.error_rate;
    },
    p95_ms: (model, now_ms) => health.report(model, now_ms)?.p95_ms,
    mape: (model, now_ms) => accuracyOf(model.id, now_ms).mape,
    underRate: (model, now_ms) => accuracyOf(model.id, now_ms).under_rate,
    co2e_mg: ({ energy, region }, { in_tokens, out_tokens }) => {
      const usage = { ...ZERO_USAGE, in_tokens, out_tokens };
      return footprintOf(usage, energy, region === undefined ? undefined : intensity(region)).co2e_mg;
    },
  };
}
