import { type Rng, seededRng } from '@atp-router/kernel';
import {
  LEARNER_SETTINGS,
  type NextStep,
  type RouteCandidate,
  RouteLearner,
  type RouteTask,
} from '@atp-router/routing';
import { shuffled } from '../disguise.ts';
import type { Outcome, RouteCase } from './tasks.ts';

export type PolicyKind = 'single' | 'cascade' | 'any';

export interface StreamOptions {
  readonly policy: PolicyKind;
  /** Chance that it is told whether an answer was right. */
  readonly feedback: number;
  /** Prompts later that it is told. */
  readonly delay: number;
  /** Chance that what is told is wrong. */
  readonly noise: number;
  readonly seed: number;
  /** What a right answer instead of a wrong one is worth. */
  readonly quality_usd: number;
}

/** What came of one prompt. */
export interface Routed {
  /** Place of the prompt in the data set. */
  readonly place: number;
  readonly right: boolean;
  readonly cost_usd: number;
  /** Places of the models that were asked, in their order. */
  readonly asked: readonly number[];
}

const STREAMS = { order: 0, feedback: 1, learner: 2 } as const;

function streamOf(seed: number, stream: keyof typeof STREAMS): Rng {
  return seededRng(Math.imul(seed, 8) + STREAMS[stream]);
}

/** Each prompt once, in seeded order: the learner sees its words, chooses, and sees only what came of what it chose. */
export function streamOnce(
  models: readonly string[],
  cases: readonly RouteCase[],
  options: StreamOptions,
): readonly Routed[] {
  const { seed, quality_usd, feedback, delay, noise } = options;
  const settings = { ...LEARNER_SETTINGS, task: { ...LEARNER_SETTINGS.task, ...limitsOf(options.policy) } };
  const learner = new RouteLearner(Math.imul(seed, 8) + STREAMS.learner, settings);
  const told = streamOf(seed, 'feedback');
  const later: (readonly [due: number, tell: () => void])[] = [];
  return shuffled([...cases.keys()], streamOf(seed, 'order')).map((place, t) => {
    for (let next = later[0]; next !== undefined && next[0] <= t; next = later[0]) {
      later.shift();
      next[1]();
    }
    const one = cases[place] as RouteCase;
    const candidates = one.outcomes.flatMap((outcome, model): RouteCandidate[] =>
      outcome === undefined ? [] : [{ id: models[model] ?? '', ...outcome }],
    );
    const task = learner.begin(one.text, candidates, quality_usd);
    const { taken, asked, cost_usd } = played(models, one, task);
    const { right } = outcomeOf(one, taken);
    const [is_told, is_wrong] = [told.next() < feedback, told.next() < noise];
    const word = Number(right !== is_wrong);
    if (is_told) later.push([t + delay + 1, () => task.learn(models[taken] ?? '', word)]);
    return { place, right, cost_usd, asked };
  });
}

function limitsOf(policy: PolicyKind): { readonly openers?: number; readonly look_min?: number } {
  if (policy === 'single') return { openers: 0 };
  return policy === 'cascade' ? { look_min: Number.NEGATIVE_INFINITY } : {};
}

function played(
  models: readonly string[],
  one: RouteCase,
  task: RouteTask,
): { readonly taken: number; readonly asked: readonly number[]; readonly cost_usd: number } {
  const asked: number[] = [];
  let cost_usd = 0;
  let next: NextStep = { kind: 'ask', model: task.first.model };
  while (next.kind === 'ask') {
    const model = models.indexOf(next.model);
    const outcome = outcomeOf(one, model);
    asked.push(model);
    cost_usd += outcome.cost_usd;
    next = task.answered(next.model, outcome.out_tokens, outcome.key);
  }
  return { taken: models.indexOf(next.model), asked, cost_usd };
}

function outcomeOf({ id, outcomes }: RouteCase, model: number): Outcome {
  const outcome = outcomes[model];
  if (outcome === undefined) throw new Error(`a model that did not answer ${id} was asked`);
  return outcome;
}
