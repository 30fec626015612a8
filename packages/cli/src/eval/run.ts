import { type Rng, seededRng } from '@atp-router/kernel';
import { type Cli, show } from '../commands/context.ts';
import { type Dataset, isRight, type Prompt, saidOf } from './dataset.ts';
import { relabelled, renamed, shuffled } from './disguise.ts';
import { isHeldOut } from './held-out.ts';
import type { Eval, Gain } from './judge.ts';
import { chooseMembers, openDataset } from './open-dataset.ts';
import { printReport } from './print.ts';
import { report, type Scored } from './report.ts';
import { evaluator, type Order, type StrategyName } from './strategies.ts';

const FRUGAL: readonly StrategyName[] = ['early-stop', 'first'];

export interface EvalOptions {
  readonly data: string;
  readonly models: 'all' | readonly string[];
  readonly against?: 'all' | readonly string[];
  readonly strategy: StrategyName;
  readonly feedback: number;
  readonly seed: number;
  readonly risk: number;
  readonly order: Order;
  readonly rename?: number;
  readonly shuffle?: number;
  readonly json?: boolean;
}

/** Streams from one seed that do not touch: which prompts come when, which are told, which are audited, and resampling. */
const STREAMS = { order: 0, feedback: 1, strategy: 2, bootstrap: 3 } as const;

function streamOf(seed: number, stream: keyof typeof STREAMS): Rng {
  return seededRng(Math.imul(seed, 4) + STREAMS[stream]);
}

export async function evalConsensus(cli: Cli, options: EvalOptions): Promise<void> {
  const { data, seed, json: _, ...asked } = options;
  const whole = await openDataset(cli.terminal.cwd, data);
  const chosen = chooseMembers(whole, options.models);
  const judge = evaluator(options, streamOf(seed, 'strategy'));
  const dataset = disguised(chosen, options);
  const records = stream(dataset, judge, options);
  const weights = dataset.models.map((source) => judge.weight(source));
  const baseline = baselineOf(whole, dataset, options);
  const answer = report({ ...asked, seed }, chosen, { records, baseline }, weights, streamOf(seed, 'bootstrap'));
  show(cli, options, answer, () => printReport(answer));
}

/** Another run on the same stream: of other members, or, of a strategy that does not ask all, the vote of all. */
function baselineOf(whole: Dataset, dataset: Dataset, options: EvalOptions): readonly Scored[] | undefined {
  const rng = streamOf(options.seed, 'strategy');
  if (options.against !== undefined) {
    const others = disguised(chooseMembers(whole, options.against), options);
    return stream(others, evaluator(options, rng), options);
  }
  if (!FRUGAL.includes(options.strategy)) return undefined;
  return stream(dataset, evaluator({ ...options, strategy: 'weighted' }, rng), options);
}

function disguised(dataset: Dataset, { rename, shuffle }: EvalOptions): Dataset {
  const named = rename === undefined ? dataset : renamed(dataset, rename);
  return shuffle === undefined ? named : relabelled(named, shuffle);
}

/** Each prompt once, in seeded order: answered first, then, with probability `feedback`, told. */
function stream({ models, prompts }: Dataset, judge: Eval, options: EvalOptions): readonly Scored[] {
  const told = streamOf(options.seed, 'feedback');
  const order = shuffled([...prompts.keys()], streamOf(options.seed, 'order'));
  return order.map((place) => {
    const prompt = prompts[place] as Prompt;
    const { category, tokens } = prompt;
    const task = { answers: saidOf(models, prompt), category, tokens };
    const { key, confidence, asked, others = [] } = judge.decide(task);
    const is_told = told.next() < options.feedback;
    const gains = others.map((other): Gain => ({ kind: other.kind, gain: scoreOf(prompt, other.key) }));
    const score = scoreOf(prompt, key);
    if (is_told) judge.feedback(task, { right: marksOf(prompt), score, gains, is_held_out: isHeldOut(prompt.id) });
    return { place, score, confidence, asked, is_told, gains };
  });
}

function scoreOf(prompt: Prompt, key: string | undefined): number {
  return isRight(prompt, key) ? 1 : 0;
}

function marksOf({ keys, right }: Prompt): readonly (number | undefined)[] {
  if (right.kind === 'key') return keys.map((key) => (key === right.key ? 1 : 0));
  return right.right.map((mark) => (mark === undefined ? undefined : mark ? 1 : 0));
}
