import { seededRng } from '@atp-router/kernel';
import { learnerOf, type RouteAt } from '@atp-router/routing';
import { candidatesOf, played, Prompts, questionOf } from './world.ts';

const TENANTS = 8;
const MODELS = 30;
/** Topics that the learner tells apart. */
const TOPICS = 32;
/** Enough for topics to be found, and for each tenant to know each model and its lengths. */
const PASSES = 3;

export interface Weighed {
  readonly name: string;
  readonly bytes: number;
}

/** What one model of one tenant takes: kept as sums, kept worked out, and written down. Needs `--expose-gc`. */
export function weigh(): readonly Weighed[] {
  const prompts = new Prompts(1);
  const candidates = candidatesOf(MODELS);
  const learner = learnerOf('default', 1);
  const rng = seededRng(2);
  const atOf = (i: number): RouteAt => ({ tenant: `tenant-${i}`, tick: 500_000, share: false });
  const teach = (at: RouteAt): void => {
    for (const one of candidates) {
      const { record, right } = played(learner.decide(questionOf(prompts.next(), [one], at)), rng);
      learner.observe(record, at);
      learner.learn(record, right, at);
    }
  };
  // So that what all have in common, topics and kept prompts, is there before anything is weighed.
  for (let i = 0; i < 70; i += 1) teach(atOf(0));
  const before = used();
  for (let pass = 0; pass < PASSES; pass += 1) for (let i = 1; i <= TENANTS; i += 1) teach(atOf(i));
  const both = (used() - before) / (TENANTS * MODELS);
  const { topics, tenants } = learner.state();
  const json = (value: unknown): number => JSON.stringify(value).length;
  const of_models = tenants.flatMap(({ models }) => models);
  const written = of_models.reduce((sum, one) => sum + json(one), 0) / of_models.length;
  return [
    { name: 'one model of one tenant, sums and worked out', bytes: both },
    { name: 'of it for each topic', bytes: both / TOPICS },
    { name: 'one model of one tenant, as JSON', bytes: written },
    { name: 'topics of all tenants, as JSON', bytes: json(topics) },
  ];
}

function used(): number {
  const { gc } = globalThis as { readonly gc?: () => void };
  if (gc === undefined) throw new Error('memory can be told only with --expose-gc');
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
