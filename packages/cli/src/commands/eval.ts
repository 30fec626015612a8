import { type Command, InvalidArgumentError, Option } from 'commander';
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

export function addEval(program: Command, cli: Cli): void {
  program
    .command('eval')
    .description('strategies, measured on recorded answers')
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
