import { Draw } from '@atp-router/kernel/testing';
import type {
  NextStep,
  RouteAnswer,
  RouteAt,
  RouteCandidate,
  RouteLearner,
  RouteQuestion,
  RouteRecord,
} from '../../src/index.ts';

const WORDS = {
  sums: 'add the numbers sum total integer fraction equation solve digits multiply divide remainder',
  verse: 'poem rhyme stanza verse poet metaphor sonnet line beauty lyric meter ballad image',
};
export type Kind = keyof typeof WORDS;
export const KINDS = Object.keys(WORDS) as Kind[];

export function textOf(kind: Kind, draw: Draw): string {
  const words = WORDS[kind].split(' ');
  return Array.from({ length: 20 }, () => draw.from(words)).join(' ');
}

/** A cheap one that is good at sums and lost with verse, a second cheap one like it, and a dear one that is good at both. */
export const MODELS: readonly (RouteCandidate & { readonly right: Readonly<Record<Kind, number>> })[] = [
  { id: 'cheap', in_usd: 0.0001, out_usd_per_token: 1e-6, right: { sums: 0.9, verse: 0.3 } },
  { id: 'like', in_usd: 0.0001, out_usd_per_token: 1e-6, right: { sums: 0.9, verse: 0.3 } },
  { id: 'dear', in_usd: 0.004, out_usd_per_token: 2e-5, right: { sums: 0.92, verse: 0.9 } },
];
export const QUALITY_USD = 0.05;
export const HERE: RouteAt = { tenant: 't', tick: 0, share: false };
export const QUESTION: Omit<RouteQuestion, 'text' | keyof RouteAt> = {
  ...{ candidates: MODELS, quality_usd: QUALITY_USD, plans: 'any', may_explore: true },
};

/** One task of a learner, played to its end. */
export interface Played {
  readonly record: RouteRecord;
  /** All that was decided. */
  readonly decided: string;
  readonly right: boolean;
}

export function playOne(learner: RouteLearner, at: RouteAt, kind: Kind, draw: Draw): Played {
  const task = learner.decide({ ...QUESTION, ...at, text: textOf(kind, draw) });
  const said = new Map(MODELS.map(({ id, right }) => [id, draw.chance(right[kind]) ? 0 : draw.one(1, 2)]));
  const tokens = new Map(MODELS.map(({ id }) => [id, draw.one(50, 500)]));
  const came: RouteAnswer[] = [];
  let next: NextStep = { kind: 'ask', model: task.first.model };
  while (next.kind === 'ask') {
    const { model } = next;
    came.push({ kind: 'answer', model, out_tokens: tokens.get(model) ?? 0, choice: said.get(model) });
    next = task.next(came);
  }
  const taken = next.model ?? '';
  const decided = JSON.stringify([task.first, task.propensity, task.chances, came.map(({ model }) => model), taken]);
  return { record: task.record(came, taken), decided, right: said.get(taken) === 0 };
}

/** Tasks of one tenant, each told of. */
export function teach(learner: RouteLearner, at: RouteAt, prompts: number, draw: Draw): void {
  for (let i = 0; i < prompts; i += 1) {
    const { record, right } = playOne(learner, at, draw.from(KINDS), draw);
    learner.observe(record, at);
    learner.learn(record, Number(right), at);
  }
}

/** What it expects of each model for fixed prompts, without trying anything. */
export function expected(learner: RouteLearner, at: RouteAt, seed: number = 1): readonly number[] {
  const draw = new Draw(seed);
  return KINDS.flatMap((kind) =>
    learner
      .decide({ ...QUESTION, ...at, text: textOf(kind, draw), may_explore: false })
      .chances.map(({ mean }) => mean),
  );
}
