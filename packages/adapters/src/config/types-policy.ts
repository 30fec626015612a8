import type { StrategyKind, Trigger } from '@atp-router/consensus';
import type { Qos } from '@atp-router/kernel';
import type { ToolCapsConfig } from './types-flow.ts';

/** How a call is tried: one model after the other (`fallback`), several agents at once (`fanout`), or both. */
export interface PolicyConfig {
  readonly id: string;
  readonly match?: MatchConfig | undefined;
  readonly fallback: readonly string[];
  readonly budget?: CallBudget | undefined;
  readonly max_attempts: number;
  readonly hedge_after_ms?: number | undefined;
  readonly on_budget_exhausted: 'finish' | 'error';
  readonly min_safety_grade?: 'A' | 'B' | 'C' | 'D' | undefined;
  readonly tool_caps?: ToolCapsConfig | undefined;
  readonly fanout?: FanoutConfig | undefined;
  readonly consensus?: ConsensusConfig | undefined;
  readonly provisional?: ProvisionalConfig | undefined;
  readonly escalation: readonly EscalationConfig[];
  readonly arbiter?: ArbiterConfig | undefined;
  readonly deadline_ms?: number | undefined;
  readonly tau_final?: number | undefined;
}

/** As written; `routing` reads it (`parseMatch`), and the check refuses what it does not understand. */
export interface MatchConfig {
  readonly task_type?: MatchValue | undefined;
  readonly qos?: MatchValue | undefined;
  readonly data_scope?: MatchValue | undefined;
  readonly model?: MatchValue | undefined;
  readonly tenant?: MatchValue | undefined;
  readonly risk?: MatchValue | undefined;
  readonly languages?: MatchValue | undefined;
  readonly diff_loc?: MatchValue | undefined;
  readonly tool_permissions?: MatchValue | undefined;
  readonly security_groups?: MatchValue | undefined;
  readonly facts?: Readonly<Record<string, MatchValue>> | undefined;
  /** Of this form again, to a depth that `parseMatch` knows. */
  readonly all_of?: readonly unknown[] | undefined;
  readonly any_of?: readonly unknown[] | undefined;
  readonly not?: unknown;
}

/** A value, a comparison such as `>150`, a range such as `10..20`, a list of which one has to be, or sets. */
export type MatchValue = string | number | boolean | readonly (string | number)[] | MatchSets;

export interface MatchSets {
  readonly any?: readonly (string | number)[] | undefined;
  readonly all?: readonly (string | number)[] | undefined;
  readonly none?: readonly (string | number)[] | undefined;
}

export interface CallBudget {
  readonly usd?: number | undefined;
  readonly tokens?: number | undefined;
}

/** What a persona is held to; `docs/operations/policies.md` says what each means. */
export type ComplianceFlag = 'local_only' | 'no_external' | 'filter_pii';

export interface PersonaConfig {
  readonly id: string;
  readonly role: string;
  readonly model: string;
  readonly system_prompt?: string | undefined;
  readonly tools?: readonly string[] | undefined;
  readonly qos?: Qos | undefined;
  readonly compliance: readonly ComplianceFlag[];
  readonly filter: boolean;
  readonly clones: number;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
}

export interface FanoutConfig {
  readonly mode: 'speculative' | 'diverse' | 'clone';
  readonly agents: readonly (string | FanoutMember)[];
  readonly clones?: number | undefined;
  readonly seeds?: readonly number[] | undefined;
  readonly temperature?: number | TemperatureRange | undefined;
  readonly width?: number | undefined;
  readonly select?: SelectConfig | undefined;
  readonly filter?: string | undefined;
  readonly max_members: number;
}

export interface SelectConfig {
  readonly by: 'reputation';
  readonly top: number;
  readonly explore: number;
}

/** One of `persona`, `agent` and `model` says who. */
export interface FanoutMember {
  readonly persona?: string | undefined;
  readonly agent?: string | undefined;
  readonly model?: string | undefined;
  readonly seed?: number | undefined;
  readonly temperature?: number | undefined;
  readonly clones?: number | undefined;
  readonly challenger: boolean;
}

export interface TemperatureRange {
  readonly min: number;
  readonly max: number;
}

export interface ConsensusConfig {
  readonly strategy?: StrategyKind | undefined;
  readonly answer: string;
  readonly quorum?: number | undefined;
  readonly weights: 'learned' | 'equal';
  readonly judge?: string | undefined;
  readonly judge_mode: 'pick' | 'verify';
  readonly risk: number;
  readonly among: readonly StrategyKind[];
  readonly ack_severity: 'critical' | 'high';
}

export interface ProvisionalConfig {
  readonly quorum_min?: number | undefined;
  readonly agree_min?: number | undefined;
  readonly after_ms: number;
  readonly expiry_ms: number;
}

export interface EscalationConfig {
  readonly when: Trigger;
  readonly threshold?: number | undefined;
  readonly to: string;
}

export interface ArbiterConfig {
  readonly agent: string;
  readonly max_usd: number;
}
