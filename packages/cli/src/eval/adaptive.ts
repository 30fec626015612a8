import { type Regret, regretOf, type Round, type StrategyKind } from '@atp-router/consensus';
import type { Decision, Eval, Outcome, Task } from './judge.ts';
import { type Made, RecordedPanel } from './panel.ts';

/** Those that an answer without findings and citations can be scored by, and that ask nobody else. */
export const AMONG: readonly StrategyKind[] = ['majority', 'weighted_merge', 'champion', 'first_win'];

/**
 * The router's own `adaptive`, and beside it all that it may choose among. Scores of strategies are learned by what is told of
 * prompts that are not held out; regret is counted on those that are.
 */
export class AdaptiveEval implements Eval {
  readonly #panel = new RecordedPanel({ weights: 'learned', risk: 0, among: AMONG });
  readonly #rounds: Round[] = [];
  #last: Made | undefined;

  decide(task: Task): Decision {
    const asked = [...task.answers.keys()];
    const decide = this.#panel.decider(task);
    const made = decide('adaptive', asked);
    this.#last = made;
    const others = Object.fromEntries(AMONG.map((kind) => [kind, decide(kind, asked).key]));
    this.#panel.learn(task, made, asked, true);
    return { key: made.key, confidence: made.confidence, asked, others };
  }

  feedback(task: Task, { right, score, gains, is_held_out }: Outcome): void {
    if (this.#last === undefined) return;
    const learned = is_held_out ? [] : AMONG.flatMap((kind) => of(kind, gains[kind]));
    this.#panel.feedback(task, this.#last, [...task.answers.keys()], right, is_held_out ? undefined : score, learned);
  }

  scored({ category }: Task, gains: Round['gains'], is_held_out: boolean, is_told: boolean): void {
    if (is_held_out || is_told) this.#rounds.push({ cluster: category, gains, is_held_out });
  }

  weight(source: string): number {
    return this.#panel.weight(source);
  }

  regret(): Regret {
    return regretOf(this.#rounds, AMONG);
  }
}

function of(kind: StrategyKind, gain: number | undefined): { kind: StrategyKind; gain: number }[] {
  return gain === undefined ? [] : [{ kind, gain }];
}
