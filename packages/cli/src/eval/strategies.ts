import type { StrategyKind } from '@atp-router/consensus';
import type { Rng } from '@atp-router/kernel';
import { AdaptiveEval } from './adaptive.ts';
import type { Decision, Eval, Outcome, Task } from './judge.ts';
import { type Made, RecordedPanel } from './panel.ts';

export const STRATEGIES = ['majority', 'weighted', 'early-stop', 'first', 'adaptive'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

export const ORDERS = ['weight', 'cheap', 'lane'] as const;
export type Order = (typeof ORDERS)[number];

export interface StrategyOptions {
  readonly strategy: StrategyName;
  readonly risk: number;
  readonly order: Order;
}

/** Prompts at the start, and a part of those after, on which all are asked: who is never asked cannot be learned of. */
const AUDITED_FIRST = 500;
const AUDITED_PART = 0.35;

export function evaluator(options: StrategyOptions, rng: Rng): Eval {
  switch (options.strategy) {
    case 'majority':
      return new VoteEval('equal');
    case 'weighted':
      return new VoteEval('learned');
    case 'adaptive':
      return new AdaptiveEval();
    case 'early-stop':
    case 'first':
      return new FrugalEval(options, rng);
  }
}

/** Everybody is asked, and `majority` counts the votes: each the same, or by what was learned. */
class VoteEval implements Eval {
  readonly #weights: 'equal' | 'learned';
  readonly #panel: RecordedPanel;
  #last: Made | undefined;

  constructor(weights: 'equal' | 'learned') {
    this.#weights = weights;
    this.#panel = new RecordedPanel({ weights, risk: 0, among: [] });
  }

  decide(task: Task): Decision {
    const asked = [...task.answers.keys()];
    this.#last = this.#panel.decide('majority', task, asked);
    if (this.#weights === 'learned') this.#panel.learn(task, this.#last, asked, true);
    const { key, confidence } = this.#last;
    return { key, confidence, asked };
  }

  feedback(task: Task, outcome: Outcome): void {
    if (this.#last !== undefined && this.#weights === 'learned')
      this.#panel.feedback(task, this.#last, [...task.answers.keys()], outcome);
  }

  weight(source: string): number | undefined {
    return this.#weights === 'equal' ? undefined : this.#panel.weight(source);
  }
}

/**
 * Asks one after the other and stops as `self_consistency` does, when the rest is not likely to change the outcome
 * (`early-stop`), or after the first (`first`). All are asked on audited prompts, and only from those it learns who agrees
 * with whom.
 */
class FrugalEval implements Eval {
  readonly #options: StrategyOptions;
  readonly #kind: StrategyKind;
  readonly #rng: Rng;
  readonly #panel: RecordedPanel;
  readonly #spent: number[] = [];
  #seen = 0;
  #last: { readonly made: Made; readonly asked: readonly number[] } | undefined;

  constructor(options: StrategyOptions, rng: Rng) {
    this.#options = options;
    this.#kind = options.strategy === 'first' ? 'majority' : 'self_consistency';
    this.#rng = rng;
    this.#panel = new RecordedPanel({ weights: 'learned', risk: options.risk, among: [] });
  }

  decide(task: Task): Decision {
    const is_audit = this.#seen < AUDITED_FIRST || this.#rng.next() < AUDITED_PART;
    this.#seen += 1;
    this.#last = this.#ask(task, this.#orderOf(task), is_audit);
    const { made, asked } = this.#last;
    const { tokens } = task;
    for (const lane of asked)
      this.#spent[lane] = (this.#spent[lane] ?? 0) + 0.02 * ((tokens?.[lane] ?? 0) - (this.#spent[lane] ?? 0));
    this.#panel.learn(task, made, asked, is_audit);
    return { key: made.key, confidence: made.confidence, asked };
  }

  feedback(task: Task, outcome: Outcome): void {
    if (this.#last !== undefined) this.#panel.feedback(task, this.#last.made, this.#last.asked, outcome);
  }

  weight(source: string): number {
    return this.#panel.weight(source);
  }

  #orderOf(task: Task): readonly number[] {
    const { order } = this.#options;
    const standing = this.#panel.standing(task);
    const value = task.answers.map(({ source }, lane) =>
      order === 'weight' ? standing.weight(source) : order === 'cheap' ? -(this.#spent[lane] ?? 0) : -lane,
    );
    return [...task.answers.keys()].sort((a, b) => (value[b] ?? 0) - (value[a] ?? 0) || a - b);
  }

  #ask(
    task: Task,
    lanes: readonly number[],
    is_audit: boolean,
  ): { readonly made: Made; readonly asked: readonly number[] } {
    const decide = this.#panel.decider(task);
    if (is_audit) return { made: decide(this.#kind, lanes), asked: lanes };
    const asked: number[] = [];
    for (const lane of lanes) {
      asked.push(lane);
      if (this.#options.strategy === 'first') {
        if (task.answers[lane]?.key !== '') return { made: this.#alone(task, lane), asked };
        continue;
      }
      const made = decide(this.#kind, asked);
      if (made.is_safe) return { made, asked };
    }
    return { made: decide(this.#kind, asked), asked };
  }

  /** A strategy that waits for others is asked what it would say of this one answer, if there were no others. */
  #alone({ answers, category }: Task, lane: number): Made {
    const only: Task = { answers: answers.slice(lane, lane + 1), category, tokens: undefined };
    return { ...this.#panel.decide(this.#kind, only, [0]), shares: [{ lane, share: 1 }] };
  }
}
