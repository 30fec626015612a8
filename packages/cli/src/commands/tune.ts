import type { LOAD_LIMITS, TunerKind } from '@atp-router/flow/tune';
import { type Command, Option } from 'commander';
import type { GateOptions } from '../tune/gate.ts';
import type { RecordOptions } from '../tune/record.ts';
import type { ReplayOptions } from '../tune/replay.ts';
import { type Cli, day, integer, online } from './context.ts';

const LOAD = 'recorded load, - for standard input';
const SEED_MAX = 2_147_483_647;
const HOUR_MS = 3_600_000;
/** A day of a busy target, in twenty questions. */
const CALLS = 20_000;
/** Limits and kinds are spelled out, so that `atp version` does not load tuners; the compiler holds them to the room's. */
const CALLS_MAX: (typeof LOAD_LIMITS)['arrivals'] = 200_000;
const KNEE_MAX: (typeof LOAD_LIMITS)['knee'] = 1_000;
const KINDS = Object.keys({ static: 0, pid: 0, learned: 0 } satisfies Readonly<Record<TunerKind, 0>>);

export function addTune(program: Command, cli: Cli): void {
  const tune = program.command('tune').description('tuners of windows: compare them on a recorded load');
  tune
    .command('replay')
    .argument('<load>', LOAD)
    .description('play a load through each tuner, and say which wins and by how much')
    .addOption(new Option('--tuner <kind>', 'which').choices([...KINDS, 'all']).default('all'))
    .option('--seed <n>', 'first of the five seeds of the learned one', integer(0, SEED_MAX), 1)
    .option('--json', 'as JSON')
    .action(async (file: string, options: ReplayOptions) =>
      (await import('../tune/replay.ts')).replayLoad(cli, file, options),
    );
  tune
    .command('gate')
    .argument('<loads...>', LOAD)
    .description('say whether the learned tuner may run on these targets; exit 1 when it may not on any')
    .option('--json', 'as JSON')
    .action(async (files: readonly string[], options: GateOptions) =>
      (await import('../tune/gate.ts')).gateLoads(cli, files, options),
    );
  online(tune.command('record'))
    .description('make a load of the usage records of a model or provider')
    .requiredOption('--out <file>', 'file of the load; it must not be there yet')
    .option('--model <id>', 'only this model')
    .option('--provider <id>', 'only this provider')
    .option('--from <day>', 'first UTC day, YYYY-MM-DD', day)
    .option('--to <day>', 'last UTC day, YYYY-MM-DD', day)
    .option('--calls <n>', 'how many, the newest', integer(1, CALLS_MAX), CALLS)
    .option('--objective-ms <n>', 'p95 that is wanted (default: the recorded one)', integer(1, HOUR_MS))
    .option(
      '--knee <n>',
      'calls that the target works on at full speed (default: as many as were in flight)',
      integer(1, KNEE_MAX),
    )
    .option('--keep-names', 'names of tenants stay; otherwise they are t1, t2, …')
    .action(async (options: RecordOptions) => (await import('../tune/record.ts')).recordUsage(cli, options));
}
