import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Change } from '../eval/routing/course.ts';
import type { AffinityOptions } from '../eval/affinity/run.ts';
import type { ClustersOptions } from '../eval/clusters/run.ts';
import type { Vectors } from '../eval/clusters/stream.ts';
import type { CacheOptions } from '../eval/cache/run.ts';
import type { RoutingOptions } from '../eval/routing/run.ts';
import { LEARNER_KINDS, type RoutePlans } from '@atp-router/routing';
import type { EvalOptions } from '../eval/run.ts';
import type { Order, StrategyName } from '../eval/strategies.ts';
import { type Cli, folder, integer } from './context.ts';

const SEED_MAX = 2_147_483_647;
const MEMBERS_MAX = 64;
/** Spelled out, so that `atp version` does not load strategies; the compiler holds them to these. */
const STRATEGIES = Object.keys({ majority: 0, weighted: 0, 'early-stop': 0, first: 0, adaptive: 0 } satisfies Record<
  StrategyName,
  0
>);
const ORDERS = Object.keys({ weight: 0, cheap: 0, lane: 0 } satisfies Record<Order, 0>);

const POLICIES = Object.keys({ any: 0, single: 0, cascade: 0 } satisfies Record<RoutePlans, 0>);
const ORDERS_MAX = 1_000;
const DELAY_MAX = 1_000_000;
const QUALITY_MAX = 32;

export function addEval(program: Command, cli: Cli): void {
  const group = program.command('eval').description('strategies and routing, measured on recorded answers');
  addEvalConsensus(group, cli);
  addEvalRouting(group, cli);
  addEvalAffinity(group, cli);
  addEvalCache(group, cli);
  addEvalClusters(group, cli);
}

/** Spelled out, as above. */
const VECTORS = Object.keys({ words: 0, plain: 0, embedder: 0 } satisfies Record<Vectors, 0>);

function addEvalClusters(group: Command, cli: Cli): void {
  group
    .command('clusters')
    .description('stream recorded prompts once, and say how clusters match their categories, and how much they move')
    .requiredOption('--data <dir>', 'folder of a data set of routing, with categories', folder)
    .option('--set <name>', 'which set, where the folder holds several', name)
    .addOption(new Option('--vectors <kind>', 'what prompts are told apart by').choices(VECTORS).default('words'))
    .option('--orders <n>', 'orders of the prompts', integer(1, ORDERS_MAX), 4)
    .option('--seed <n>', 'of the first order; each further one has the next', integer(0, SEED_MAX), 1)
    .option('--json', 'as JSON')
    .action(async (options: ClustersOptions) => (await import('../eval/clusters/run.ts')).evalClusters(cli, options));
}

const ENTRIES_MAX = 100_000;

function addEvalCache(group: Command, cli: Cli): void {
  group
    .command('cache')
    .description(
      'say how alike recorded prompts are, how often the answers of like ones differ, and what the cache of answers makes of it',
    )
    .requiredOption('--data <dir>', 'folder of a data set that says what was answered', folder)
    .option('--set <name>', 'which set, where the folder holds several', name)
    .option('--model <name>', 'whose answers are kept; else of the one that was asked most', name)
    .option('--entries <n>', 'answers that are kept', integer(1, ENTRIES_MAX), 1_000)
    .option('--threshold <p>', 'least similarity that is looked at', part, 0.5)
    .option('--max-false-hits <p>', 'answers given again that may be false, as a part', part, 0.01)
    .option('--verify <p>', 'part of the similar prompts that is asked all the same', part, 0.05)
    .option('--seed <n>', 'of the order of prompts', integer(0, SEED_MAX), 1)
    .option('--json', 'as JSON')
    .action(async (options: CacheOptions) => (await import('../eval/cache/run.ts')).evalCache(cli, options));
}

const TARGETS_MAX = 256;
const BLOCKS_MAX = 10_000_000;
const DAY_S = 86_400;
const RATE_MAX = 10_000_000;

function addEvalAffinity(group: Command, cli: Cli): void {
  group
    .command('affinity')
    .description('send recorded traces to simulated targets, and say how many blocks of prompts meet a warm cache')
    .requiredOption('--data <dir>', 'folder with traces: *_trace.jsonl.gz in the layout of Mooncake', folder)
    .option('--targets <n>', 'deployments that serve alike', integer(1, TARGETS_MAX), 8)
    .option('--cache-blocks <n>', 'blocks that each of them keeps', integer(1, BLOCKS_MAX), 10_000)
    .option('--ttl <s>', 'seconds that they keep what was not used', integer(1, DAY_S), 300)
    .option('--prefill <n>', 'tokens of prompts that one reads in a second', integer(1, RATE_MAX), 10_000)
    .option('--decode <n>', 'tokens of an answer that one writes in a second', integer(1, RATE_MAX), 50)
    .option('--seed <n>', 'of chance', integer(0, SEED_MAX), 1)
    .option('--json', 'as JSON')
    .action(async (options: AffinityOptions) => (await import('../eval/affinity/run.ts')).evalAffinity(cli, options));
}

function addEvalRouting(group: Command, cli: Cli): void {
  group
    .command('routing')
    .description(
      'stream recorded prompts through the learner of "auto", and say how often it is right, and at what cost',
    )
    .requiredOption('--data <dir>', 'folder of a data set: what models answered, or were marked', folder)
    .option('--set <name>', 'which set, where the folder holds several', name)
    .option('--warm <dir>', 'another data set (DIR or DIR#set), streamed before and not counted', folder)
    .option('--prices <file>', 'CSV: model,in_usd_per_mtok,out_usd_per_mtok; else prices of the data set')
    .option('--models <list>', 'who may be asked: names with commas between, or all that answered all', members, 'all')
    .addOption(new Option('--learner <kind>', 'who learns').choices(LEARNER_KINDS).default('default'))
    .addOption(
      new Option('--policy <kind>', 'one model each, or answers looked at first').choices(POLICIES).default('any'),
    )
    .option('--cascade <a,b,c>', 'to compare with: c is asked where a and b differ', three)
    .option('--drift <change:model>', 'in the middle of each stream: worse, cheaper or new, and which model', change)
    .option(
      '--quality <list>',
      'USD that a point of quality is worth; several with commas draw a curve (nine over what prices span)',
      worths,
    )
    .option('--feedback <p>', 'chance that it is told whether an answer was right', part, 1)
    .option('--delay <n>', 'prompts later that it is told', integer(0, DELAY_MAX), 0)
    .option('--noise <q>', 'chance that what is told is wrong', part, 0)
    .option('--orders <n>', 'orders of the prompts', integer(1, ORDERS_MAX), 4)
    .option('--seed <n>', 'of the first order; each further one has the next', integer(0, SEED_MAX), 1)
    .option('--json', 'as JSON')
    .action(async (options: RoutingOptions) => (await import('../eval/routing/run.ts')).evalRouting(cli, options));
}

const SET_CHARS_MAX = 100;

function name(text: string): string {
  if (text.trim() !== '' && text.length <= SET_CHARS_MAX) return text;
  throw new InvalidArgumentError('It must be the name of a set of the folder.');
}

/** Spelled out, as above. */
const CHANGES = Object.keys({ worse: 0, cheaper: 0, new: 0 } satisfies Record<Change['kind'], 0>);

function change(text: string): Change {
  const at = text.indexOf(':');
  const [kind, model] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (CHANGES.includes(kind) && model !== '') return { kind: kind as Change['kind'], model };
  throw new InvalidArgumentError(`It must be one of ${CHANGES.join(', ')}, a colon, and the name of a model.`);
}

function three(text: string): readonly string[] {
  const names = members(text);
  if (names !== 'all' && names.length === 3) return names;
  throw new InvalidArgumentError('It must be three names of models with commas between.');
}

function worths(text: string): readonly number[] {
  const values = text.split(',').map(Number);
  if (values.every((value) => Number.isFinite(value) && value > 0) && values.length <= QUALITY_MAX) return values;
  throw new InvalidArgumentError(`It must be 1 to ${QUALITY_MAX} numbers above 0, in USD, with commas between.`);
}

function addEvalConsensus(group: Command, cli: Cli): void {
  group
    .command('consensus')
    .description(
      'stream recorded answers of several models through a strategy, and say how often it is right, and at what cost',
    )
    .requiredOption(
      '--data <dir>',
      'folder with predictions.csv.gz, answers.csv.gz or example_model_solutions.jsonl.gz',
      folder,
    )
    .option('--models <list>', 'who votes: names with commas between, or all that answered all prompts', members, 'all')
    .option('--against <list>', 'other members, with which the result is compared prompt by prompt', members)
    .addOption(new Option('--strategy <name>', 'how their answers become one').choices(STRATEGIES).default('weighted'))
    .option('--feedback <p>', 'chance that the right answer is told once a prompt is answered', part, 0)
    .option('--seed <n>', 'of the order of prompts, of feedback and of intervals', integer(0, SEED_MAX), 1)
    .option('--risk <p>', 'early-stop: chance of another outcome at which it stops', part, 0.02)
    .addOption(new Option('--order <order>', 'early-stop, first: who is asked first').choices(ORDERS).default('weight'))
    .option('--rename <seed>', 'check: give models other names; nothing may change', integer(0, SEED_MAX))
    .option('--shuffle <seed>', 'check: deal the letters of the options anew; nothing may change', integer(0, SEED_MAX))
    .option('--json', 'as JSON')
    .action(async (options: EvalOptions) => (await import('../eval/run.ts')).evalConsensus(cli, options));
}

function members(text: string): EvalOptions['models'] {
  if (text.trim() === 'all') return 'all';
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It must be names of models with commas between, or all.');
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} is named twice.`);
  if (names.length > MEMBERS_MAX) throw new InvalidArgumentError(`They are ${names.length}, more than ${MEMBERS_MAX}.`);
  return names;
}

function part(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}
