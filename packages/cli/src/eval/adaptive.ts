import type { StrategyKind } from '@atp-router/consensus';
import type { Decision, Eval, Outcome, Task } from './judge.ts';
import { type Made, RecordedPanel } from './panel.ts';

/** Those that an answer without findings and citations can be scored by, and that ask nobody else. */
const AMONG: readonly StrategyKind[] = ['majority', 'weighted_merge', 'champion', 'first_win'];

/**
 * The router's own `adaptive`, and beside it all that it may choose among. Scores of strategies are learned by what is told of
 * prompts that are not held out.
 */
export class AdaptiveEval implements Eval {
  readonly #panel = new RecordedPanel({ weights: 'learned', risk: 0, among: AMONG });
  #last: Made | undefined;

  decide(task: Task): Decision {
    const asked = [...task.answers.keys()];
    const decide = this.#panel.decider(task);
    const made = decide('adaptive', asked);
    this.#last = made;
    const others = AMONG.map((kind) => ({ kind, key: decide(kind, asked).key }));
    this.#panel.learn(task, made, asked, true);
    return { key: made.key, confidence: made.confidence, asked, others };
  }

  feedback(task: Task, { right, score, gains, is_held_out }: Outcome): void {
    if (this.#last === undefined) return;
    const learned = is_held_out ? { score: undefined, gains: [] } : { score, gains };
    this.#panel.feedback(task, this.#last, [...task.answers.keys()], { right, ...learned });
  }

  weight(source: string): number {
    return this.#panel.weight(source);
  }
}
