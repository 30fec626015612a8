import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, rowsOf, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const COLUMNS: readonly Column[] = [
  ['TENANT', 'tenant'],
  ['ANSWERS', 'entries'],
  ['BYTES', 'bytes'],
  ['FROM SIMILARITY', 'threshold'],
  ['EXACT', 'exact'],
  ['SIMILAR', 'similar'],
  ['ASKED', 'miss'],
  ['SAME', 'compared_same'],
  ['DIFFERENT', 'compared_different'],
];

/** Adds `cache`: answers that are kept to be given again. */
export function addCache(program: Command, cli: Cli): void {
  const cache = program.command('cache').description('answers that are kept to be given again');
  online(cache.command('stats'))
    .description('how many, from which similarity on they are given, and what came of it')
    .option('--tenant <id>', 'only of one tenant')
    .action((options: OnlineOptions & { readonly tenant?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('cache'), { tenant: options.tenant });
        show(cli, options, answer, () => table(rowsOf(answer), COLUMNS));
      }),
    );
  online(cache.command('clear'))
    .description('forget those of a tenant, and what was learned from them')
    .requiredOption('--tenant <id>', 'whose')
    .action((options: OnlineOptions & { readonly tenant: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.delete(adminPath('cache', options.tenant));
        const was = isRow(answer) && answer['cleared'] === true;
        show(cli, options, answer, () => `${was ? 'Forgotten' : 'There was nothing'}: ${printable(options.tenant)}.\n`);
      }),
    );
}
