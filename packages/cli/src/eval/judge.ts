import type { Regret, Round, Said, StrategyKind } from '@atp-router/consensus';

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
  /** What each of the strategies that it may choose among would have answered. */
  readonly others?: Readonly<Partial<Record<StrategyKind, string | undefined>>>;
}

/** What turned out to be right, and how that judges the decision. */
export interface Outcome {
  /** Of each answer, 1 right, 0 wrong; undefined where nobody knows. */
  readonly right: readonly (number | undefined)[];
  readonly score: number;
  /** Of `Decision.others`. */
  readonly gains: Round['gains'];
  readonly is_held_out: boolean;
}

export interface Eval {
  decide(task: Task): Decision;
  /** The truth of the prompt decided last. */
  feedback(task: Task, outcome: Outcome): void;
  /** How much each source counts in the end; undefined where all count the same. */
  weight(source: string): number | undefined;
  /** Where one of several strategies is chosen: what each made of the prompt decided last, 1 right, 0 wrong. */
  scored?(task: Task, gains: Round['gains'], is_held_out: boolean, is_told: boolean): void;
  /** Of choosing, against each strategy taken always. */
  regret?(): Regret;
}
