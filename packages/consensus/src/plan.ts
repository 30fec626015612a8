import type { Qos } from '@atp-router/kernel';

/** What a policy makes of one task that several agents are asked, fixed when its call is admitted. */
export interface FanoutPlan {
  /**
   * `speculative`: the same task, the rest is stopped as soon as the strategy is satisfied; `diverse`: different personas, all
   * are heard; `clone`: one persona several times, with seeds and temperatures of their own.
   */
  readonly mode: 'speculative' | 'diverse' | 'clone';
  readonly members: readonly Member[];
  readonly strategy: StrategySettings;
  readonly provisional: ProvisionalSettings | undefined;
  readonly escalations: readonly Escalation[];
  readonly arbiter: ArbiterSettings | undefined;
  /** Who judges, verifies, or confirms in place of another member; `strategy.judge` is its source. */
  readonly judge?: Member | undefined;
  /** Lanes that run at once; another is begun when one has ended and the result is not safe. Undefined: all. */
  readonly width: number | undefined;
  /** From the start of the session. The result is made of what has come by then. */
  readonly deadline_ms: number | undefined;
  /** The result is final, whoever is still to answer, once it is at least so sure. */
  readonly tau_final: number | undefined;
  /** Pieces of a lane that may wait for an earlier one. */
  readonly reorder_max: number;
  /** Asked first; what it answers is what external members are asked in place of the client's words. Absent: none. */
  readonly filter?: Member | undefined;
  /** Only the best of its members are asked, by reputation. Absent: all. */
  readonly select?: SelectSettings | undefined;
  /** Asked the same task, each at most once, where the strategy says so (`cascade`). Absent: nobody. */
  readonly reserve?: readonly Member[] | undefined;
  /** Whoever of the reserve is likely to be asked next begins already when the one before has said nothing whole for so long. Absent: never. */
  readonly late_ms?: number | undefined;
  /** The policy has a chain of its own, which is tried when nothing comes of the whole fan-out. Absent: no. */
  readonly falls_back?: boolean | undefined;
}

export interface SelectSettings {
  /** Sources that are asked, of those that are listed; challengers come in addition. */
  readonly top: number;
  /** Chance of each place to go to a source that is not among the best, 0 to 1. */
  readonly explore: number;
}

/** One voice of a fan-out. */
export interface Member {
  /** Id of the persona, agent or model; clones share it. */
  readonly source: string;
  /** What the registry knows it by: a model, an agent, or `<provider>/<upstream model>`. */
  readonly model: string;
  readonly persona: Persona | undefined;
  readonly seed: number | undefined;
  readonly temperature: number | undefined;
  /** 0 for the first of its clones. */
  readonly clone: number;
  /** Its answer never is the result: it is compared with that of the others. */
  readonly is_challenger: boolean;
  /** Its model runs beyond this machine and its private network. Absent: no. */
  readonly is_external?: boolean | undefined;
}

export interface Persona {
  readonly id: string;
  readonly role: string;
  /** Goes in place of the prompt of the agent that answers: it begins with that, where there is one. */
  readonly system_prompt: string | undefined;
  /** Names of the tools of a request that it may use; undefined: all. */
  readonly tools: readonly string[] | undefined;
  readonly qos: Qos | undefined;
  readonly compliance: readonly string[];
}

export type StrategyKind =
  | 'first_win'
  | 'union'
  | 'majority'
  | 'weighted_merge'
  | 'two_phase'
  | 'champion'
  | 'self_consistency'
  | 'evidence'
  | 'judge'
  | 'arbiter'
  | 'adaptive'
  | 'streaming_merge'
  | 'cascade';

export interface StrategySettings {
  readonly kind: StrategyKind;
  /** How equal answers are told, see `answerKey`. */
  readonly answer: AnswerForm;
  /** `majority`: votes that decide, of those that vote. Undefined: more than any other answer has. */
  readonly quorum: number | undefined;
  /** `majority`, `self_consistency`: votes count by what was learned of their sources, or each the same. */
  readonly weights: 'learned' | 'equal';
  /** `judge`, `two_phase`: who is asked. Undefined for `two_phase`: another member. */
  readonly judge: string | undefined;
  /** `judge`: `pick` has one compare all answers, `verify` has each answer scored by itself. */
  readonly judge_mode: 'pick' | 'verify';
  /** `self_consistency`: the chance of another outcome at which it stops, 0 to 1. */
  readonly risk: number;
  /** `adaptive`: among which it chooses. */
  readonly among: readonly StrategyKind[];
  /** `two_phase`: findings of at least this severity need a second ACK. */
  readonly ack_severity: 'critical' | 'high';
}

/**
 * `choice`: a letter of a multiple choice; `number`: the last number; `json`: the whole of a JSON answer, or a field of it;
 * `text`: words without case, punctuation and space; `auto`: the first of these that fits, `text` else.
 */
export type AnswerForm =
  | { readonly kind: 'auto' | 'choice' | 'number' | 'text' }
  | { readonly kind: 'json'; readonly field: string | undefined };

export interface ProvisionalSettings {
  /** Answers after which there is a provisional result. */
  readonly quorum_min: number | undefined;
  /** Agreement of the answers so far, 0 to 1, at which there is one, too. */
  readonly agree_min: number | undefined;
  /** There is none before that, counted from the start of the session. */
  readonly after_ms: number;
  /** It may be revised for so long. */
  readonly expiry_ms: number;
}

export type Trigger = 'low_conf' | 'test_fail' | 'disagree_high' | 'weak_citations';

export interface Escalation {
  readonly when: Trigger;
  /** `low_conf`: confidence below; `disagree_high`: agreement below; `weak_citations`: documents were given, and share of good citations below. */
  readonly threshold: number;
  readonly to: Member;
}

export interface ArbiterSettings {
  readonly member: Member;
  readonly max_usd_nanos: number;
}
