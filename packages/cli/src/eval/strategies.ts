import { flipRisk, type Outcome, type Said, Voter } from '@atp-router/consensus';
import type { Rng } from '@atp-router/kernel';
import { AdaptiveEval } from './adaptive.ts';
import type { Eval, Task } from './judge.ts';

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
      return majority();
    case 'weighted':
      return weighted();
    case 'adaptive':
      return new AdaptiveEval();
    case 'early-stop':
    case 'first':
      return frugal(options, rng);
  }
}

/** Each vote counts the same, at a tie the first lane decides; confidence is the part of the votes. */
function majority(): Eval {
  const nobody = new Voter();
  return {
    decide: ({ answers }) => {
      const { key, share } = nobody.vote(answers);
      return { key, confidence: share, asked: answers.map((_, lane) => lane) };
    },
    feedback: () => undefined,
    weight: () => undefined,
  };
}

function weighted(): Eval {
  const voter = new Voter();
  return {
    decide: ({ answers, category }) => {
      const { key, confidence } = voter.vote(answers, category);
      voter.learn(answers);
      return { key, confidence, asked: answers.map((_, lane) => lane) };
    },
    feedback: ({ answers, category }, right) => voter.feedback(answers, right, category),
    weight: (source) => voter.weight(source),
  };
}

/**
 * Asks one after the other and stops when the rest is not likely to change the outcome (`early-stop`), or after the first
 * (`first`). All are asked on audited prompts, and only from those it learns who agrees with whom.
 */
function frugal({ strategy, risk, order }: StrategyOptions, rng: Rng): Eval {
  const voter = new Voter();
  const spent: number[] = [];
  let seen = 0;
  let heard: readonly Said[] = [];
  const ask = (task: Task, lanes: readonly number[], is_audit: boolean): readonly [Outcome, readonly number[]] => {
    const { answers, category } = task;
    const asked: number[] = [];
    const part = (): readonly Said[] =>
      answers.map((said, lane) => (asked.includes(lane) ? said : { source: said.source, key: '' }));
    let outcome = voter.vote([], category);
    for (const [place, lane] of lanes.entries()) {
      asked.push(lane);
      heard = part();
      outcome = voter.vote(heard, category);
      if (is_audit || outcome.key === undefined) continue;
      const open = lanes.slice(place + 1).map((rest) => voter.weight(answers[rest]?.source ?? '', category));
      if (strategy === 'first' || flipRisk(outcome, open) <= risk) break;
    }
    return [outcome, asked];
  };
  return {
    decide: (task) => {
      const { answers, category, tokens } = task;
      const is_audit = seen < AUDITED_FIRST || rng.next() < AUDITED_PART;
      seen += 1;
      const value = answers.map(({ source }, lane) =>
        order === 'weight' ? voter.weight(source, category) : order === 'cheap' ? -(spent[lane] ?? 0) : -lane,
      );
      const lanes = [...answers.keys()].sort((a, b) => (value[b] ?? 0) - (value[a] ?? 0) || a - b);
      const [{ key, confidence }, asked] = ask(task, lanes, is_audit);
      for (const lane of asked) spent[lane] = (spent[lane] ?? 0) + 0.02 * ((tokens?.[lane] ?? 0) - (spent[lane] ?? 0));
      if (is_audit) voter.learn(answers);
      return { key, confidence, asked };
    },
    feedback: ({ category }, right) => voter.feedback(heard, right, category),
    weight: (source) => voter.weight(source),
  };
}
