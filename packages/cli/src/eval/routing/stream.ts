import { type Rng, seededRng } from '@atp-router/kernel';
import {
  type NextStep,
  type RouteAnswer,
  type RouteCandidate,
  RouteLearner,
  type RoutePlans,
  type RouteTask,
} from '@atp-router/routing';
import { shuffled } from '../disguise.ts';
import type { Outcome, RouteCase } from './tasks.ts';

export interface StreamOptions {
  readonly policy: RoutePlans;
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

/** All prompts come within one hour, and are of one tenant. */
const AT = { tenant: 'eval', tick: 0, share: false } as const;
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
  const learner = new RouteLearner(Math.imul(seed, 8) + STREAMS.learner);
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
    const task = learner.decide({
      text: one.text,
      candidates,
      quality_usd,
      plans: options.policy,
      may_explore: true,
      ...AT,
    });
    const came = played(models, one, task);
    const asked = came.map(({ model }) => models.indexOf(model));
    const taken = task.next(came).model ?? '';
    const record = task.record(came, taken);
    learner.observe(record, AT);
    const { right } = outcomeOf(one, models.indexOf(taken));
    const [is_told, is_wrong] = [told.next() < feedback, told.next() < noise];
    const word = Number(right !== is_wrong);
    if (is_told) later.push([t + delay + 1, () => learner.learn(record, word, AT)]);
    return { place, right, asked, cost_usd: asked.reduce((sum, model) => sum + outcomeOf(one, model).cost_usd, 0) };
  });
}

/** What came of those who were asked, in their order. */
function played(models: readonly string[], one: RouteCase, task: RouteTask): readonly RouteAnswer[] {
  const came: RouteAnswer[] = [];
  const keys: string[] = [];
  let next: NextStep = { kind: 'ask', model: task.first.model };
  while (next.kind === 'ask') {
    const { out_tokens, key } = outcomeOf(one, models.indexOf(next.model));
    const place = key === undefined ? -1 : keys.indexOf(key);
    if (key !== undefined && place < 0) keys.push(key);
    const choice = key === undefined ? undefined : place < 0 ? keys.length - 1 : place;
    const { model } = next;
    came.push(
      key === undefined ? { kind: 'unusable', model, out_tokens } : { kind: 'answer', model, out_tokens, choice },
    );
    next = task.next(came);
  }
  return came;
}

function outcomeOf({ id, outcomes }: RouteCase, model: number): Outcome {
  const outcome = outcomes[model];
  if (outcome === undefined) throw new Error(`a model that did not answer ${id} was asked`);
  return outcome;
}
