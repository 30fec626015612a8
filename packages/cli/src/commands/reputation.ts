import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, rowsOf, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const SOURCES: readonly Column[] = [
  ['SOURCE', 'source'],
  ['KNOWN', 'known'],
  ['LANES', 'samples'],
  ['ACCURACY', 'accuracy'],
  ['AT LEAST', 'accuracy_low'],
  ['IN TIME', 'reliability'],
  ['QUALITY', 'quality'],
  ['WORTH', 'worth'],
];

const WEIGHTS: readonly Column[] = [
  ['SOURCE', 'source'],
  ['WEIGHT', 'weight'],
];

const REGRET: readonly Column[] = [
  ['STRATEGY', 'strategy'],
  ['TASKS', 'tasks'],
  ['REGRET', 'regret'],
];

type Options = OnlineOptions & { readonly cluster?: string; readonly source?: string };

/** Adds `reputation`: what a router has learned of who answers. */
export function addReputation(program: Command, cli: Cli): void {
  online(program.command('reputation'))
    .description('what is known of personas, agents and models that fan-outs asked')
    .option('--cluster <task type>', 'for tasks of this type')
    .option('--source <id>', 'only this one')
    .action((options: Options) =>
      withAdmin(options, cli.terminal, async (api) => {
        const { cluster, source } = options;
        const answer = await api.get(adminPath('reputation'), { cluster, source });
        show(cli, options, answer, () => `${sourcesText(answer, options)}${policiesText(answer, options)}`);
      }),
    );
}

/** A router that has learned nothing says so, in place of headings over nothing. */
function sourcesText(answer: unknown, { source }: Options): string {
  const rows = rowsOf(answer);
  if (rows.length > 0) return table(rows, SOURCES);
  return source === undefined
    ? 'nothing is known of anybody yet: each call of a policy with a "fanout" teaches, and so does feedback on it\n'
    : `nothing is known of ${printable(source)}: no fan-out has asked it\n`;
}

function policiesText(answer: unknown, { source }: Options): string {
  const policies = isRow(answer) ? rowsOf({ data: answer['policies'] }) : [];
  return policies
    .map((policy) => {
      const part = (name: string, columns: readonly Column[]): string => {
        const rows = rowsOf({ data: policy[name] });
        return rows.length === 0 ? '' : table(rows, columns);
      };
      const tables = `${part('weights', WEIGHTS)}${part('regret', REGRET)}`;
      const name = `policy ${printable(String(policy['policy']))}`;
      if (tables !== '') return `\n${name}\n${tables}`;
      // Of one source a policy may know nothing that knows others.
      return source === undefined ? `\n${name}: nothing is learned yet\n` : '';
    })
    .join('');
}
