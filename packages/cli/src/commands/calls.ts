import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { fields, isRow, rowsOf, type Column, table } from '../print/table.ts';
import { printable, shown, usd } from '../print/text.ts';
import { adminPath, type Cli, day, integer, online, show } from './context.ts';

interface ListOptions extends OnlineOptions {
  readonly tenant?: string;
  readonly model?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const COLUMNS: readonly Column[] = [
  ['CALL', 'call_id'],
  ['TENANT', 'tenant'],
  ['MODEL', (row) => shown(row['model'] ?? row['requested_model'])],
  ['OUTCOME', 'outcome'],
  ['STATUS', 'status'],
  ['IN', 'in_tokens'],
  ['OUT', 'out_tokens'],
  ['COST', (row) => usd(row['cost_usd_micros'])],
  ['MS', 'latency_ms'],
];

const PAGE_MAX = 1_000;

export function addCalls(program: Command, cli: Cli): void {
  const calls = program.command('calls').description('single calls');
  online(calls.command('list'))
    .description('usage records, newest first')
    .option('--tenant <id>', 'only this tenant')
    .option('--model <id>', 'only this model')
    .option('--from <day>', 'first UTC day, YYYY-MM-DD', day)
    .option('--to <day>', 'last UTC day, YYYY-MM-DD', day)
    .option('--limit <n>', 'how many', integer(1, PAGE_MAX))
    .option('--cursor <cursor>', 'go on where a list ended')
    .action((options: ListOptions) => list(cli, options));
  online(calls.command('get <id>'))
    .description('one call with its attempts')
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('calls', id));
        show(cli, options, answer, () => fields(answer));
      }),
    );
  online(calls.command('cancel <id>'))
    .description('end a running call')
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.post(adminPath('calls', id, 'cancel'));
        show(cli, options, answer, () => `call ${printable(id)} is cancelled.\n`);
      }),
    );
}

function list(cli: Cli, options: ListOptions): Promise<void> {
  return withAdmin(options, cli.terminal, async (api) => {
    const { tenant, model, from, to, cursor, limit } = options;
    const query = { tenant, model, from, to, cursor, limit: limit?.toString() };
    const answer = await api.get(adminPath('usage', 'records'), query);
    const next = isRow(answer) ? answer['next_cursor'] : undefined;
    const more = typeof next === 'string' ? `more: --cursor ${printable(next)}\n` : '';
    show(cli, options, answer, () => `${table(rowsOf(answer), COLUMNS)}${more}`);
  });
}
