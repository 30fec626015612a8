/**
 * The terms of the static score. Each lies in [0, 1], 1 is best. Cost, latency and context are placed between the best
 * and the worst candidate of this request. What is not known is neutral: half way, so that a new model is neither
 * preferred nor shut out.
 */
export interface ScoreTerms {
  /** Share of the needed capabilities that the model is known to have. */
  readonly capability: number;
  /** Measured share of calls that succeeded. */
  readonly performance: number;
  /** Expected cost of this request: 1 for the cheapest candidate, 0 for the dearest. */
  readonly cost: number;
  /** Measured p95, else the declared latency: 1 for the fastest candidate, 0 for the slowest. */
  readonly latency: number;
  /** Context length: 1 for the longest candidate, 0 for the shortest. */
  readonly context: number;
  /** `1 / (1 + mape)` of the token estimates. */
  readonly predictability: number;
  /** `1 − min(under_rate, 0.5)`: lies in [0.5, 1], so its neutral value is 0.75. */
  readonly underestimate: number;
  /** Share of right answers that the operator expects. */
  readonly quality: number;
  /** Expected CO2e of this request: 1 for the candidate with least, 0 for that with most. */
  readonly carbon: number;
}

/** What each term counts for where the operator says nothing else. */
export const SCORE_WEIGHTS: ScoreTerms = {
  capability: 0.3,
  performance: 0.2,
  cost: 0.15,
  latency: 0.1,
  context: 0.1,
  predictability: 0.1,
  underestimate: 0.05,
  quality: 0,
  carbon: 0,
};

/** How candidates are ranked where nothing is learned. */
export interface Ranking {
  /** Each 0 or more, and not all 0: a score is their weighted mean. */
  readonly weights: ScoreTerms;
  /**
   * Those on the Pareto frontier of cost, latency, quality and CO2e come before all others, whatever they score. What is not known of one
   * cannot be held against it.
   */
  readonly frontier_first: boolean;
}

export const STATIC_RANKING: Ranking = { weights: SCORE_WEIGHTS, frontier_first: false };
