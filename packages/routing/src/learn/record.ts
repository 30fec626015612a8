import type { Features } from './belief.ts';
import type { Lesson, Shown } from './knowledge.ts';

/** What one model that was asked for a task did, as far as routing learns of it. */
export interface AnswerRecord {
  readonly model: string;
  readonly out_tokens: number;
  /** Standard deviations that the answer is longer than usual. */
  readonly length: number;
  /** The same number for equal answers; undefined: none can be read of it. */
  readonly choice: number | undefined;
  /** What the answers showed of it. */
  readonly shown: Shown;
  /** How much better than the average model it was expected to be before anything was known. */
  readonly better: number;
}

/** A task that is over, without a word of it: all that can be learned of it, also much later. */
export interface RouteRecord {
  readonly features: Features;
  /** Undefined: the prompt was of no topic that was known by then. */
  readonly topic: number | undefined;
  /** In the order in which they came; those who failed are not there. */
  readonly answers: readonly AnswerRecord[];
  /** Whose answer was the result; undefined: there was none. */
  readonly taken: string | undefined;
}

/** What a word on the result says of each that was asked: another answer than a right one is wrong. */
export function lessonsOf({ answers, taken }: RouteRecord, right: number): readonly Lesson[] {
  const result = answers.find(({ model }) => model === taken);
  if (result === undefined) return [];
  return answers.flatMap(({ model, shown, better, choice }): Lesson[] => {
    if (model === taken) return [{ model, shown, better, right }];
    if (choice === undefined || result.choice === undefined) return [];
    if (choice === result.choice) return [{ model, shown, better, right }];
    return right >= 0.5 ? [{ model, shown, better, right: 1 - right }] : [];
  });
}
