import { Argument, type Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, rowsOf, table } from '../print/table.ts';
import { count, printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const SCOPES: readonly string[] = ['key', 'model', 'provider', 'tenant'];

const COLUMNS: readonly Column[] = [
  ['SCOPE', 'scope'],
  ['ID', 'id'],
  ['REASON', 'reason'],
  ['BY', 'by'],
];

interface KillOptions extends OnlineOptions {
  readonly reason?: string;
}

export function addKill(program: Command, cli: Cli): void {
  const kill = program.command('kill').description('stop a key, model, provider or tenant at once, running calls too');
  online(kill.command('on'))
    .description('refuse new calls and end the running ones')
    .addArgument(new Argument('<scope>', 'what to stop').choices(SCOPES))
    .argument('<id>', 'which one; a key as tenant/key')
    .requiredOption('--reason <text>', 'why; clients and the journal see it')
    .action((scope: string, id: string, options: KillOptions) => set(cli, scope, id, true, options));
  online(kill.command('off'))
    .description('take calls again')
    .addArgument(new Argument('<scope>', 'what was stopped').choices(SCOPES))
    .argument('<id>', 'which one')
    .option('--reason <text>', 'why, for the journal')
    .action((scope: string, id: string, options: KillOptions) => set(cli, scope, id, false, options));
  online(kill.command('list'))
    .description('what is stopped')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('kill'));
        show(cli, options, answer, () => table(rowsOf(answer), COLUMNS));
      }),
    );
}

function set(cli: Cli, scope: string, id: string, on: boolean, options: KillOptions): Promise<void> {
  return withAdmin(options, cli.terminal, async (api) => {
    const { reason = 'lifted' } = options;
    const answer = await api.post(adminPath('kill'), { scope, id, on, reason });
    const stopped = isRow(answer) && typeof answer['stopped_calls'] === 'number' ? answer['stopped_calls'] : 0;
    const what = `${scope} ${printable(id)}`;
    show(cli, options, answer, () =>
      on ? `${what} is stopped; ${count(stopped, 'running call')} ended.\n` : `${what} takes calls again.\n`,
    );
  });
}
