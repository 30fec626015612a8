import type { Said, StrategyKind } from '@atp-router/consensus';

/** A prompt as a strategy sees it: no truth in it. */
export interface Task {
  readonly answers: readonly Said[];
  readonly category: string | undefined;
  readonly tokens: readonly number[] | undefined;
}

export interface Decision {
  readonly key: string | undefined;
  readonly confidence: number;
  /** Lanes that were asked. */
  readonly asked: readonly number[];
  /** What each of the strategies that it may choose among would have answered; absent: there is nothing to choose. */
  readonly others?: readonly { readonly kind: StrategyKind; readonly key: string | undefined }[];
}

/** What a strategy has made of a prompt, or would have: 1 right, 0 wrong. */
export interface Gain {
  readonly kind: StrategyKind;
  readonly gain: number;
}

/** What turned out to be right, and how that judges the decision. */
export interface Outcome {
  /** Of each answer, 1 right, 0 wrong; undefined where nobody knows. */
  readonly right: readonly (number | undefined)[];
  readonly score: number;
  /** Of `Decision.others`, in their order. */
  readonly gains: readonly Gain[];
  /** Nothing is to be learned of strategies from it. */
  readonly is_held_out: boolean;
}

export interface Eval {
  decide(task: Task): Decision;
  /** The truth of the prompt decided last. */
  feedback(task: Task, outcome: Outcome): void;
  /** How much each source counts in the end; undefined where all count the same. */
  weight(source: string): number | undefined;
}
