import type { Check, LearnerKind, ScoreTerms } from '@atp-router/routing';

/** What `auto` chooses by. */
export interface RoutingConfig {
  readonly mode: 'learned' | 'static';
  readonly static: StaticConfig;
  readonly learner: LearnerKind;
  readonly plans: 'any' | 'single' | 'cascade';
  /** For requests that stream. */
  readonly streamed: 'any' | 'single';
  readonly quality_usd: number;
  readonly second_usd: number;
  /** What a kilogram of CO2e that is not emitted is worth. */
  readonly carbon_usd_per_kg: number;
  /** Id of a model. */
  readonly baseline?: string | undefined;
  /** What of savings is shared. Absent: nothing is reported of it. */
  readonly gain_share?: GainShareConfig | undefined;
  readonly explore: ExploreConfig;
  readonly affinity: AffinityConfig;
  /** Absent: nobody of a cascade begins early. */
  readonly speculate?: SpeculateConfig | undefined;
  /** Of a call the first that it matches. */
  readonly validators: readonly ValidatorConfig[];
  /** Absent: nobody judges. */
  readonly judge?: JudgeConfig | undefined;
  readonly seed?: number | undefined;
}

/** How models are ranked by the static score. */
export interface StaticConfig {
  readonly weights: ScoreTerms;
  readonly frontier_first: boolean;
}

/** Who is asked how right answers are, a sample of them. */
export interface JudgeConfig {
  /** Id of a model. */
  readonly model: string;
  /** 0 to 1. */
  readonly sample: number;
  readonly usd_per_day: number;
  /** How much its word counts beside a person's, which counts 1. */
  readonly weight: number;
  readonly rubric?: string | undefined;
}

/** When the next of a cascade begins early. */
export interface SpeculateConfig {
  readonly after_ms: number;
  /** 0 to 1. */
  readonly chance_min: number;
}

/** What of savings is shared, in reports. */
export interface GainShareConfig {
  /** 0 to 1. */
  readonly share: number;
  /** How much less right results may be than those of the baseline, 0 to 1. */
  readonly quality_margin: number;
}

/** Where the beginnings of prompts are warm. */
export interface AffinityConfig {
  readonly enabled: boolean;
  readonly spread: boolean;
  readonly block_tokens: number;
  readonly blocks_per_target: number;
}

export interface ExploreConfig {
  readonly usd_per_day: number;
  readonly gold: boolean;
  readonly high_risk: boolean;
}

/** What answers of some calls are held against. */
export interface ValidatorConfig {
  /** Absent: of any. */
  readonly task_type?: string | undefined;
  readonly policy?: string | undefined;
  readonly checks: readonly Check[];
}
