import type { ModelStatus } from '../registry.ts';
import type { Evidence } from './evidence.ts';
import type { MoveCause } from './standing.ts';

/** When a model is promoted and demoted. Shares and ratios: 1 is all, and the same. */
export interface LifecycleRules {
  readonly min_samples: number;
  readonly format_share: number;
  readonly parity: number;
  readonly latency_ratio: number;
  readonly cost_ratio: number;
  readonly escalation_share: number;
  /** Answers over which format errors are counted, and the share of them that is too many. */
  readonly format_window: number;
  readonly format_error_share: number;
  /** Of the cheapest active model. */
  readonly too_dear_ratio: number;
  /** Tenants whose results have to show that a model is worse than it was; where there are fewer tenants, all of them. */
  readonly drift_tenants: number;
  /** Between two actions of the rules on one model. */
  readonly rest_ms: number;
}

/**
 * As the requirements have them; what they leave open: 200 comparisons tell 98 % from 95 %, a day has each hour once, and what one
 * tenant says of a model is no reason to take it from another.
 */
export const LIFECYCLE_RULES: LifecycleRules = {
  min_samples: 200,
  format_share: 0.98,
  parity: 0.95,
  latency_ratio: 1.1,
  cost_ratio: 0.7,
  escalation_share: 0.05,
  format_window: 50,
  format_error_share: 0.05,
  too_dear_ratio: 1.25,
  drift_tenants: 2,
  rest_ms: 86_400_000,
};

/** What is known of a model when it is judged. */
export interface Judged {
  readonly status: ModelStatus;
  /** Comparisons since its last move, as a challenger. */
  readonly evidence: Evidence;
  /** Of its last answers since its last move. */
  readonly format: { readonly answers: number; readonly errors: number };
  /** Safety incidents since its last move. */
  readonly incidents: number;
  /** It was promoted at run time, for being cheaper. What the file calls active is the operator's own choice. */
  readonly was_promoted: boolean;
  /** Its price over that of the cheapest active model beside it; undefined: one is not known. */
  readonly price_ratio: number | undefined;
  /** Since its last move: whose results have shown that it is worse than it was, and how far; of so many tenants there are. */
  readonly drift: { readonly tenants: number; readonly of: number; readonly shift: number };
  /** Since its last move; undefined: it was never moved. */
  readonly rested_ms: number | undefined;
}

export type Verdict =
  | { readonly kind: 'hold'; readonly why: readonly string[] }
  | {
      readonly kind: 'promote' | 'demote';
      readonly to: ModelStatus;
      readonly cause: MoveCause;
      readonly numbers: Readonly<Record<string, number>>;
      readonly why: readonly string[];
    };

/**
 * What the rules would do with a model. A shadow is promoted, an active model demoted to `fallback`; nothing else is
 * theirs. Hysteresis: evidence counts from the last move, there is a rest behind each move (which a safety incident does not
 * wait for), and what the rules demoted only an operator brings back.
 */
export function judge(of: Judged, rules: LifecycleRules): Verdict {
  if (of.status === 'active') return demotion(of, rules);
  if (of.status === 'shadow') return promotion(of, rules);
  return { kind: 'hold', why: [`${of.status}: only an operator moves it`] };
}

function promotion({ evidence, incidents, rested_ms }: Judged, rules: LifecycleRules): Verdict {
  const { samples, format_share, parity, latency_ratio, cost_ratio, escalation_share } = evidence;
  const lacking: string[] = [];
  const check = (holds: boolean, words: string): void => {
    if (!holds) lacking.push(words);
  };
  check(incidents === 0, `${incidents} safety incidents`);
  check(samples >= rules.min_samples, `${samples} of ${rules.min_samples} samples`);
  check(format_share >= rules.format_share, `${percent(format_share)} readable, of ${percent(rules.format_share)}`);
  check(parity >= rules.parity, `${percent(parity)} of the champions' successes, of ${percent(rules.parity)}`);
  check(
    latency_ratio <= rules.latency_ratio,
    `${percent(latency_ratio)} of their latency, at most ${percent(rules.latency_ratio)}`,
  );
  check(
    cost_ratio !== undefined && cost_ratio <= rules.cost_ratio,
    cost_ratio === undefined
      ? 'a price is not known'
      : `${percent(cost_ratio)} of their cost, at most ${percent(rules.cost_ratio)}`,
  );
  check(
    escalation_share < rules.escalation_share,
    `${percent(escalation_share)} without a whole answer, below ${percent(rules.escalation_share)}`,
  );
  check(isRested(rested_ms, rules), 'it was moved a short while ago');
  if (lacking.length > 0 || cost_ratio === undefined) return { kind: 'hold', why: lacking };
  const numbers = { samples, format_share, parity, latency_ratio, cost_ratio, escalation_share };
  const why = [`${samples} samples, ${percent(parity)} parity, ${percent(cost_ratio)} of the cost`];
  return { kind: 'promote', to: 'active', cause: 'evidence', numbers, why };
}

function demotion(of: Judged, rules: LifecycleRules): Verdict {
  const { incidents, format, was_promoted, price_ratio, drift, rested_ms } = of;
  const down = (cause: MoveCause, numbers: Readonly<Record<string, number>>, why: string): Verdict => {
    return { kind: 'demote', to: 'fallback', cause, numbers, why: [why] };
  };
  if (incidents > 0) return down('safety_incident', { incidents }, `${incidents} safety incidents`);
  if (!isRested(rested_ms, rules)) return { kind: 'hold', why: ['it was moved a short while ago'] };
  const { answers, errors } = format;
  if (answers >= rules.format_window && errors > rules.format_error_share * answers) {
    return down('format_errors', { answers, errors }, `${errors} of its last ${answers} answers cannot be read`);
  }
  if (was_promoted && price_ratio !== undefined && price_ratio > rules.too_dear_ratio) {
    return down('too_dear', { price_ratio }, `it costs ${percent(price_ratio)} of the cheapest active model`);
  }
  const { tenants, shift } = drift;
  if (tenants > 0 && tenants >= Math.min(rules.drift_tenants, drift.of)) {
    const why = `results of ${tenants} tenants are ${percent(shift)} worse than expected`;
    return down('quality_drift', { tenants, shift }, why);
  }
  return { kind: 'hold', why: [] };
}

function isRested(rested_ms: number | undefined, { rest_ms }: LifecycleRules): boolean {
  return rested_ms === undefined || rested_ms >= rest_ms;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
