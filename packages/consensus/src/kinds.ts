import type { FanoutPlan, StrategyKind, Trigger } from './plan.ts';

/** What others than a strategy itself have to know of it. All lists of strategies are made from this one. */
export interface StrategyTraits {
  /** Texts that it may ask the likeness of, so that they are embedded ahead. Of `adaptive`: what those do among which it chooses. */
  readonly compares: 'nothing' | 'claims' | 'claims and texts';
  /** What citations are worth may change its result, and so may the documents of a task. */
  readonly weighs_citations: boolean;
  /** It asks nobody and has told nothing before: what it would have made of the same answers is known, and `adaptive` may choose it. */
  readonly decides_alone: boolean;
  /** Its lanes are samples: a few at once, the rest only while the result is not safe. */
  readonly is_sampled: boolean;
  /** It compares answers word for word, or key for key, and ends as soon as no lane can change which has the most. */
  readonly stops_early: boolean;
}

/** The order is that of documents and of seeded histories: a new one goes to the end. */
export const STRATEGIES: Readonly<Record<StrategyKind, StrategyTraits>> = {
  first_win: {
    compares: 'nothing',
    weighs_citations: false,
    decides_alone: true,
    is_sampled: false,
    stops_early: false,
  },
  union: { compares: 'claims', weighs_citations: false, decides_alone: true, is_sampled: false, stops_early: false },
  majority: { compares: 'nothing', weighs_citations: false, decides_alone: true, is_sampled: false, stops_early: true },
  weighted_merge: {
    compares: 'claims and texts',
    weighs_citations: true,
    decides_alone: true,
    is_sampled: false,
    stops_early: false,
  },
  two_phase: {
    compares: 'claims',
    weighs_citations: false,
    decides_alone: false,
    is_sampled: false,
    stops_early: false,
  },
  champion: {
    compares: 'nothing',
    weighs_citations: false,
    decides_alone: true,
    is_sampled: false,
    stops_early: false,
  },
  self_consistency: {
    compares: 'nothing',
    weighs_citations: false,
    decides_alone: true,
    is_sampled: true,
    stops_early: true,
  },
  evidence: { compares: 'claims', weighs_citations: true, decides_alone: true, is_sampled: false, stops_early: false },
  judge: { compares: 'nothing', weighs_citations: false, decides_alone: false, is_sampled: false, stops_early: false },
  arbiter: { compares: 'claims', weighs_citations: false, decides_alone: false, is_sampled: false, stops_early: false },
  adaptive: {
    compares: 'nothing',
    weighs_citations: true,
    decides_alone: false,
    is_sampled: false,
    stops_early: false,
  },
  streaming_merge: {
    compares: 'nothing',
    weighs_citations: false,
    decides_alone: false,
    is_sampled: false,
    stops_early: true,
  },
  cascade: {
    compares: 'nothing',
    weighs_citations: false,
    decides_alone: false,
    is_sampled: false,
    stops_early: false,
  },
};

export const STRATEGY_KINDS: readonly StrategyKind[] = Object.keys(STRATEGIES) as StrategyKind[];

/** What decides where a policy names no strategy. */
export const STRATEGY_OF_MODE: Readonly<Record<FanoutPlan['mode'], StrategyKind>> = {
  speculative: 'first_win',
  diverse: 'majority',
  clone: 'self_consistency',
};

/** What others than `holds` have to know of a trigger. */
export interface TriggerTraits {
  /** What its threshold is held against. Undefined: it has none. */
  readonly below: 'confidence' | 'agreement' | 'share of good citations' | undefined;
  /** Whether it holds depends on the documents of a task. */
  readonly weighs_citations: boolean;
}

/** As of strategies, a new one goes to the end. */
export const TRIGGERS: Readonly<Record<Trigger, TriggerTraits>> = {
  low_conf: { below: 'confidence', weighs_citations: false },
  disagree_high: { below: 'agreement', weighs_citations: false },
  weak_citations: { below: 'share of good citations', weighs_citations: true },
  test_fail: { below: undefined, weighs_citations: false },
};

export const TRIGGER_KINDS: readonly Trigger[] = Object.keys(TRIGGERS) as Trigger[];

/** Of an escalation that names no threshold: halfway between sure of it and knowing nothing. */
export const THRESHOLD_DEFAULT = 0.5;
