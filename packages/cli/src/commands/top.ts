import { type Command, Option } from 'commander';
import type { TopOptions } from '../top/run-top.ts';
import { SORTS } from '../top/sorts.ts';
import { type Cli, integer, online } from './context.ts';

const INTERVAL_MS = 1_000;
/** Each answer costs the router up to 2,000 rows. */
const INTERVAL_MIN_MS = 200;
/** Sparklines are of a minute. */
const INTERVAL_MAX_MS = 60_000;

export function addTop(program: Command, cli: Cli): void {
  online(program.command('top'))
    .description('queues, windows and spending of a running router, live; one frame where no terminal is')
    .option('--once', 'one frame, as text')
    .option('--interval <ms>', 'time between two answers', integer(INTERVAL_MIN_MS, INTERVAL_MAX_MS), INTERVAL_MS)
    .addOption(new Option('--sort <column>', 'what comes first').choices(SORTS).default('waiting'))
    .option('--tenant <id>', 'only this tenant')
    .option('--ascii', 'nothing but ASCII')
    .action(async (options: TopOptions) => {
      const { runTop } = await import('../top/run-top.ts');
      await runTop(cli, options);
    });
}
