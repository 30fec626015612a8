import type { Regret, Round, Said, StrategyKind } from '@atp-router/consensus';
import type { Right } from './dataset.ts';

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

export interface Eval {
  decide(task: Task): Decision;
  /** The truth of the prompt decided last. */
  feedback(task: Task, right: Right): void;
  /** How much each source counts in the end; undefined where all count the same. */
  weight(source: string): number | undefined;
  /** Where one of several strategies is chosen: what each made of the prompt decided last, 1 right, 0 wrong. */
  scored?(task: Task, gains: Round['gains'], is_held_out: boolean, is_told: boolean): void;
  /** Of choosing, against each strategy taken always. */
  regret?(): Regret;
}
