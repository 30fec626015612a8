import type { Finding, LaneAnswer } from './answer.ts';
import type { FanoutPlan, StrategyKind } from './plan.ts';

/** A document given with the task, which citations are held against. */
export interface Document {
  readonly name: string;
  readonly text: string;
}

/** What is known of sources when a session begins; the session keeps it for all its decisions. */
export interface Standing {
  /** How much the word of a source counts: 1 for the average one, and for one of whom nothing is known; below 0 where its word speaks against, see `voting/`. */
  weight(source: string): number;
  /** How often an answer of this source was right, or was chosen, 0 to 1. */
  winRate(source: string): number;
  /** Chance that a result is right whose strategy said so, see `calibration/`. */
  calibrated(strategy: StrategyKind, confidence: number): number;
  /** `cascade`: what follows from what came, in this order. Undefined: nobody knows. */
  next?(came: readonly CascadeAnswer[]): CascadeStep | undefined;
  /** `cascade`: whom of the reserve to begin while the one behind these is still at work. Undefined: nobody. */
  ahead?(came: readonly CascadeAnswer[]): string | undefined;
}

/** What came of one lane of a cascade. */
export interface CascadeAnswer {
  readonly lane: number;
  readonly source: string;
  /** `unusable`: it ended well, and said nothing; `failed`: it gave no answer. */
  readonly kind: 'answer' | 'unusable' | 'failed';
  /** The same number for equal answers; undefined: whether it is equal to another cannot be told. */
  readonly choice: number | undefined;
}

export type CascadeStep =
  | { readonly kind: 'take' | 'ask'; readonly source: string }
  /** Nobody is left. */
  | { readonly kind: 'none' };

/** The lanes of a cascade. */
export interface CascadeView {
  /** Those that have begun, in this order. */
  readonly begun: readonly { readonly lane: number; readonly source: string; readonly is_early?: boolean }[];
  /** Who may still be asked; nobody, once nobody is waited for. */
  readonly reserve: readonly string[];
  /** Who was asked last is at work for so long that the next may begin. Absent: no. */
  readonly is_late?: boolean | undefined;
}

/** What a strategy asks of an agent beyond the fan-out. */
export interface FollowUp {
  /** Unique within its session. */
  readonly id: string;
  readonly role: 'judge' | 'verifier' | 'ack' | 'arbiter' | 'escalation';
  /** Id of who is asked: a member's `source`, or the judge of the policy; undefined: the arbiter. */
  readonly source: string | undefined;
  /** What is asked, in place of the client's last words; the task itself goes before it. */
  readonly prompt: string;
}

export interface FollowUpAnswer {
  readonly id: string;
  readonly role: FollowUp['role'];
  readonly source: string;
  /** Undefined: it failed, was refused, or came too late. */
  readonly text: string | undefined;
}

/** All that a decision rests on. Answers are in the order of their lanes, never in that of their arrival, unless `arrival` is read. */
export interface View {
  readonly plan: FanoutPlan;
  readonly standing: Standing;
  readonly documents: readonly Document[];
  readonly answers: readonly LaneAnswer[];
  /** Lanes in the order in which their answers were complete. */
  readonly arrival: readonly number[];
  /** Lanes that may still answer. */
  readonly open: readonly { readonly lane: number; readonly source: string }[];
  readonly follow_ups: readonly FollowUpAnswer[];
  /** What of the result has been told already and cannot be taken back, see `Strategy.stream`. Empty for most. */
  readonly settled: string;
  /** Nobody is waited for any more: the decision is made of what there is. */
  readonly is_last: boolean;
  /** Present where the plan has a reserve. */
  readonly cascade?: CascadeView | undefined;
}

/** The result of a session, as far as a strategy says it. */
export interface Reconciled {
  readonly text: string;
  /** The lane whose answer it is, word for word; undefined when it was put together. */
  readonly lane: number | undefined;
  readonly findings: readonly Finding[] | undefined;
  /** Of the answers with each other, 0 to 1. */
  readonly agreement: number;
  /** How sure the strategy is, 0 to 1, before calibration. */
  readonly confidence: number;
  readonly uncertainties: readonly string[];
  /**
   * Why it came out so, in words, one step each. In these as in `uncertainties`, what is quoted of an answer stands behind a
   * colon or in quotation marks: records have it sealed only.
   */
  readonly why: readonly string[];
  /** How much of it each lane carries, 0 to 1. */
  readonly shares: readonly { readonly lane: number; readonly share: number }[];
  /** It is the word of who was asked because a trigger held, and nothing that the strategy has made. */
  readonly is_expert?: true;
}

export type Verdict =
  | { readonly kind: 'wait' }
  /**
   * `is_safe`: no answer that is still open can change it; of `self_consistency` with a chance of at most `risk`. Without it
   * the strategy has what it wants, or is as sure as `tau_final` asks for, while others may still change it.
   */
  | {
      readonly kind: 'done';
      readonly result: Reconciled;
      readonly is_safe: boolean;
      /** Lanes that began early, and whose answers were not needed. Absent: none. */
      readonly spared?: readonly number[];
    }
  /** Also those that were asked and have no answer yet, by the same ids; each has to be answered, be it with nothing. */
  | { readonly kind: 'ask'; readonly asks: readonly FollowUp[] }
  /** Somebody of the reserve is asked the task, too. `is_early`: it may turn out that it is not needed. */
  | { readonly kind: 'begin'; readonly source: string; readonly is_early?: boolean }
  /** Nothing can be made of it, in words. */
  | { readonly kind: 'none'; readonly why: string };

/**
 * One way to reconcile answers: a pure function of what has come. It is asked again whenever something comes, so it keeps
 * nothing but what it would work out again. With `is_last` it never waits, asks only when no lane is open, and never for what has been answered; it begins only whom the reserve has.
 */
export interface Strategy {
  readonly kind: StrategyKind;
  /** The result does not depend on the order of arrival. */
  readonly is_order_free: boolean;
  decide(view: View): Verdict;
  /** All that will not change any more of a result in the making: begins with `settled`, and only ever grows. */
  stream?(view: StreamView): string;
}

/** What the lanes of a session have said so far, in the order of lanes. */
export interface StreamView {
  readonly plan: FanoutPlan;
  readonly standing: Standing;
  readonly settled: string;
  readonly texts: readonly {
    readonly lane: number;
    readonly source: string;
    readonly text: string;
    readonly is_complete: boolean;
  }[];
}
