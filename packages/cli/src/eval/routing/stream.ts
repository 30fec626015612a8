import { type Rng, seededRng } from '@atp-router/kernel';
import {
  LEARNER_SETTINGS,
  type LearnerKind,
  learnerOf,
  type ModelDrift,
  type NextStep,
  type RouteAnswer,
  type RouteCandidate,
  type RoutePlans,
  type RoutingLearner,
  type RoutingTask,
} from '@atp-router/routing';
import { shuffled } from '../disguise.ts';
import type { Outcome, RouteCase } from './cases.ts';
import { type Course, middleOf } from './course.ts';

export interface StreamOptions {
  readonly learner: LearnerKind;
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
  /** No eye is on models that change. */
  readonly unwatched?: boolean | undefined;
}

/** What came of one prompt. */
export interface Routed {
  /** Place of the prompt in the data set. */
  readonly place: number;
  /** From 0 to 1. */
  readonly right: number;
  readonly cost_usd: number;
  /** Places of the models that were asked, in their order. */
  readonly asked: readonly number[];
  /** Of which model it was said then that it has changed. */
  readonly drift?: ModelDrift | undefined;
}

/** All prompts come within one hour, and are of one tenant. */
const AT = { tenant: 'eval', tick: 0, share: false } as const;
/** The learner takes two. */
const STREAMS = { order: 0, feedback: 1, learner: 2, warm_order: 4, warm_feedback: 5 } as const;

export function streamOf(seed: number, stream: keyof typeof STREAMS): Rng {
  return seededRng(Math.imul(seed, 8) + STREAMS[stream]);
}

/** Cases in the order of a stream, and the chances of what is told of them. */
interface Pass {
  readonly course: Course;
  readonly places: readonly number[];
  readonly told: Rng;
}

/**
 * Each prompt once, in seeded order: the learner sees its words, chooses, and sees only what came of what it chose. Before them it
 * meets those of `warm`, if any, of which nothing is returned; orders and chances of the others do not depend on them.
 */
export function streamOnce(
  models: readonly string[],
  cases: readonly RouteCase[] | Course,
  options: StreamOptions,
  warm: readonly RouteCase[] = [],
): readonly Routed[] {
  const { seed } = options;
  const learner = learnerOf(options.learner, Math.imul(seed, 8) + STREAMS.learner, '', settingsOf(options));
  const later: Later = [];
  const pass = (course: Course, order: keyof typeof STREAMS, told: keyof typeof STREAMS): Pass => ({
    ...{ course, told: streamOf(seed, told) },
    places: shuffled([...course.before.keys()], streamOf(seed, order)),
  });
  routed(learner, models, pass(unchanged(warm), 'warm_order', 'warm_feedback'), options, later, 0);
  const course = 'before' in cases ? cases : unchanged(cases);
  return routed(learner, models, pass(course, 'order', 'feedback'), options, later, warm.length);
}

function unchanged(cases: readonly RouteCase[]): Course {
  return { before: cases, after: cases };
}

function settingsOf({ unwatched }: StreamOptions): typeof LEARNER_SETTINGS {
  if (unwatched !== true) return LEARNER_SETTINGS;
  const { knowledge } = LEARNER_SETTINGS;
  return {
    ...LEARNER_SETTINGS,
    knowledge: { ...knowledge, drift: { ...knowledge.drift, known: Number.POSITIVE_INFINITY } },
  };
}

/** Words that are still to come, the next first. */
type Later = (readonly [due: number, tell: () => ModelDrift | undefined])[];

/** `before`: prompts that were met before. */
function routed(
  learner: RoutingLearner,
  models: readonly string[],
  { course, places, told }: Pass,
  { policy, quality_usd, feedback, delay, noise }: StreamOptions,
  later: Later,
  before: number,
): readonly Routed[] {
  const middle = middleOf(places);
  return places.map((place, i) => {
    const t = before + i;
    let drift: ModelDrift | undefined;
    for (let next = later[0]; next !== undefined && next[0] <= t; next = later[0]) {
      later.shift();
      drift = next[1]() ?? drift;
    }
    const one = (i < middle ? course.before : course.after)[place] as RouteCase;
    const candidates = one.outcomes.flatMap((outcome, model): RouteCandidate[] =>
      outcome === undefined ? [] : [{ id: models[model] ?? '', ...outcome }],
    );
    const question = { text: one.text, candidates, quality_usd, plans: policy, may_explore: true, ...AT };
    const task = learner.decide(question);
    const came = played(models, one, task);
    const asked = came.map(({ model }) => models.indexOf(model));
    const taken = task.next(came).model ?? '';
    const record = task.record(came, taken);
    learner.observe(record, AT);
    const { right } = outcomeOf(one, models.indexOf(taken));
    const [is_told, is_wrong] = [told.next() < feedback, told.next() < noise];
    const word = is_wrong ? 1 - right : right;
    if (is_told) later.push([t + delay + 1, () => learner.learn(record, word, AT)]);
    const cost_usd = asked.reduce((sum, model) => sum + outcomeOf(one, model).cost_usd, 0);
    return { place, right, asked, cost_usd, drift };
  });
}

/** What came of those who were asked, in their order. A router looks at no answer of a single call. */
function played(models: readonly string[], one: RouteCase, task: RoutingTask): readonly RouteAnswer[] {
  const came: RouteAnswer[] = [];
  const keys: string[] = [];
  let next: NextStep = { kind: 'ask', model: task.first.model };
  while (next.kind === 'ask') {
    // A length that is not known says nothing.
    const { out_tokens = Number.NaN, key } = outcomeOf(one, models.indexOf(next.model));
    const { model } = next;
    came.push(
      key === '' && task.first.looks
        ? { kind: 'unusable', model, out_tokens }
        : {
            kind: 'answer',
            model,
            out_tokens,
            choice: key === undefined || key === '' ? undefined : numberOf(key, keys),
          },
    );
    next = task.next(came);
  }
  return came;
}

/** Its place among the keys so far. */
function numberOf(key: string, keys: string[]): number {
  if (!keys.includes(key)) keys.push(key);
  return keys.indexOf(key);
}

function outcomeOf({ id, outcomes }: RouteCase, model: number): Outcome {
  const outcome = outcomes[model];
  if (outcome === undefined) throw new Error(`a model that did not answer ${id} was asked`);
  return outcome;
}
