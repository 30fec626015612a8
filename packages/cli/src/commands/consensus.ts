import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, rowsOf, table } from '../print/table.ts';
import { printable, shown, usd } from '../print/text.ts';
import { wantsColor } from '../terminal.ts';
import { adminPath, type Cli, day, integer, online, show } from './context.ts';

interface ListOptions extends OnlineOptions {
  readonly tenant?: string;
  readonly policy?: string;
  readonly strategy?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

interface ReplayOptions extends OnlineOptions {
  readonly strategy?: string;
  readonly width?: number;
}

const COLUMNS: readonly Column[] = [
  ['SESSION', 'call_id'],
  ['TENANT', 'tenant'],
  ['POLICY', 'policy'],
  ['STRATEGY', 'strategy'],
  ['MODE', 'mode'],
  ['OUTCOME', 'outcome'],
  ['LANES', (row) => (Array.isArray(row['lanes']) ? String(row['lanes'].length) : '-')],
  ['AGREE', (row) => part(row['agreement'])],
  ['SURE', (row) => part(isRow(row['confidence']) ? row['confidence']['calibrated'] : undefined)],
  ['ESCALATED', 'escalation'],
  ['COST', (row) => usd(row['cost_usd_micros'])],
  ['MS', (row) => shown(isRow(row['timing']) ? row['timing']['complete_ms'] : undefined)],
];

const PAGE_MAX = 1_000;
/** Where nobody says how wide it is to be, and nobody looks at it on a terminal. */
const WIDTH = 100;

export function addConsensus(program: Command, cli: Cli): void {
  const consensus = program.command('consensus').description('sessions in which several agents were asked');
  online(consensus.command('list'))
    .description('newest first')
    .option('--tenant <id>', 'only this tenant')
    .option('--policy <id>', 'only this policy')
    .option('--strategy <kind>', 'only this strategy')
    .option('--outcome <outcome>', 'only those that ended so: ok, error, cancelled')
    .option('--from <day>', 'first UTC day, YYYY-MM-DD', day)
    .option('--to <day>', 'last UTC day, YYYY-MM-DD', day)
    .option('--limit <n>', 'how many', integer(1, PAGE_MAX))
    .option('--cursor <cursor>', 'go on where a list ended')
    .action((options: ListOptions) => list(cli, options));
  online(consensus.command('replay'))
    .description('who said what, where answers differ, why the result came out, and whether it comes out again')
    .argument('<session>', 'id of its call, as in x-atp-request-id')
    .option('--strategy <kind>', 'what this strategy would have made of the same answers')
    .option('--width <columns>', 'of the text', integer(40, 400))
    .action((id: string, options: ReplayOptions) => replay(cli, id, options));
}

function list(cli: Cli, options: ListOptions): Promise<void> {
  return withAdmin(options, cli.terminal, async (api) => {
    const { tenant, policy, strategy, outcome, from, to, cursor, limit } = options;
    const query = { tenant, policy, strategy, outcome, from, to, cursor, limit: limit?.toString() };
    const answer = await api.get(adminPath('consensus'), query);
    const next = isRow(answer) ? answer['next_cursor'] : undefined;
    const more = typeof next === 'string' ? `more: --cursor ${printable(next)}\n` : '';
    show(cli, options, answer, () => `${table(rowsOf(answer), COLUMNS)}${more}`);
  });
}

function replay(cli: Cli, id: string, options: ReplayOptions): Promise<void> {
  const { terminal } = cli;
  return withAdmin(options, terminal, async (api) => {
    const session = await api.get(adminPath('consensus', id));
    const detail = isRow(session) ? session : {};
    const is_kept = detail['answers'] === 'kept';
    // Where nothing was kept but another strategy is wanted, the refusal says why.
    const is_wanted = is_kept || options.strategy !== undefined;
    const path = adminPath('consensus', id, 'replay');
    const again = is_wanted ? await api.get(path, { strategy: options.strategy }) : undefined;
    const replayed = isRow(again) ? again : undefined;
    const { report } = await import('../consensus/report.ts');
    show(cli, options, { session, replay: again ?? null }, () =>
      report(detail, replayed, {
        width: options.width ?? terminal.screen?.size().columns ?? WIDTH,
        has_color: wantsColor(terminal, terminal.out_is_tty),
      }),
    );
    if (options.strategy === undefined && replayed?.['same'] === false) cli.exit(EXIT.failed);
  });
}

function part(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(2) : '-';
}
