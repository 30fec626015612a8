import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, cutRemark, type Row, rowsOf, table } from '../print/table.ts';
import { shown, usd } from '../print/text.ts';
import { adminPath, type Cli, day, online, show } from './context.ts';

interface UsageOptions extends OnlineOptions {
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly model?: string;
  readonly groupBy?: string;
  readonly csv?: boolean;
}

/** The oldest days are missing. */
const HINT = '--to shows what was before';

export function addUsage(program: Command, cli: Cli): void {
  online(program.command('usage'))
    .description('calls, tokens, cost, energy and CO2e, summed')
    .option('--from <day>', 'first UTC day, YYYY-MM-DD', day)
    .option('--to <day>', 'last UTC day, YYYY-MM-DD', day)
    .option('--tenant <id>', 'only this tenant')
    .option('--model <id>', 'only this model')
    .option('--group-by <fields>', 'of tenant, model, day, separated by commas')
    .option('--csv', 'as CSV')
    .action((options: UsageOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const { from, to, tenant, model, groupBy: group_by } = options;
        const query = { from, to, tenant, model, group_by };
        const path = adminPath('usage');
        if (options.csv === true) {
          const { text } = await api.send({ method: 'GET', path, query: { ...query, format: 'csv' } });
          cli.terminal.out(text);
          return;
        }
        const answer = await api.get(path, query);
        show(cli, options, answer, () => `${sums(rowsOf(answer))}${cutRemark(answer, HINT)}`);
      }),
    );
}

/** Columns that are left out where no model says what its tokens take. */
const OF_ENERGY = /energy|co2e/;

/** The groups come first, in the order of the answer; money is shown in dollars. */
function sums(rows: readonly Row[]): string {
  const is_known = rows.some((row) => Number(row['energy_joules'] ?? 0) > 0);
  const names = Object.keys(rows[0] ?? {}).filter((name) => is_known || !OF_ENERGY.test(name));
  return table(
    rows,
    names.map((name): Column => [heading(name), (row) => (isMoney(name) ? usd(row[name]) : shown(row[name]))]),
  );
}

function heading(name: string): string {
  return name
    .replace(/_usd_micros$/, '')
    .replaceAll('_', ' ')
    .toUpperCase();
}

function isMoney(name: string): boolean {
  return name.endsWith('_usd_micros');
}
