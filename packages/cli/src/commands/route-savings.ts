import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, cutRemark, isRow, type Row, rowsOf, table } from '../print/table.ts';
import { printable, shown, usd } from '../print/text.ts';
import { adminPath, type Cli, day, online, show } from './context.ts';

interface SavingsOptions extends OnlineOptions {
  readonly from?: string;
  readonly to?: string;
  readonly tenant?: string;
  readonly by?: string;
  readonly gainShare?: boolean;
}

/** The oldest days are missing. */
const HINT = '--to shows what was before';

/** Adds `route savings`. */
export function addRouteSavings(route: Command, cli: Cli): void {
  online(route.command('savings'))
    .description('what "auto" saves against one model, what it tried, and what it gave up')
    .option('--from <day>', 'first UTC day, YYYY-MM-DD', day)
    .option('--to <day>', 'last UTC day, YYYY-MM-DD', day)
    .option('--tenant <id>', 'only this tenant')
    .option('--by <fields>', 'of day, tenant, cluster, model, separated by commas; default: tenant')
    .option('--gain-share', 'what of it is shared, by tenant and month (routing.gain_share)')
    .action(({ from, to, tenant, by, gainShare, ...options }: SavingsOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'savings'), { from, to, tenant, by });
        const row = isRow(answer) ? answer : {};
        show(cli, options, answer, () =>
          gainShare === true ? shares(row['gain_share']) : `${savings(row)}${cutRemark(answer, HINT)}`,
        );
      }),
    );
}

const SUMS: readonly Column[] = [
  ['CALLS', 'calls'],
  ['FAILED', 'failed'],
  ['SPENT', (row) => usd(row['spent_usd_micros'])],
  ['BASELINE', (row) => usd(row['baseline_usd_micros'])],
  ['SAVED', (row) => usd(row['saved_usd_micros'])],
  ['SAVED %', (row) => percent(row['saved_ratio'])],
  ['TRIED', (row) => usd(row['tried_usd_micros'])],
  ['REGRET', (row) => usd(row['regret_usd_micros'])],
  ['JOULES', 'energy_joules'],
  ['CO2E MG', 'co2e_mg'],
  ['NO ENERGY', 'calls_without_energy'],
];

const SHARES: readonly Column[] = [
  ['MONTH', 'month'],
  ['TENANT', 'tenant'],
  ['SAVED', (row) => usd(row['saved_usd_micros'])],
  ['QUALITY', 'quality'],
  ['MORE RIGHT', (row) => gap(row['quality_gap'])],
  ['WORDS', 'words'],
  ['AS GOOD AS', 'effective'],
  ['SHARE', (row) => usd(row['gain_share_usd_micros'])],
];

function shares(answer: unknown): string {
  if (!isRow(answer)) return 'the configuration has no routing.gain_share\n';
  const { share, quality_margin } = answer;
  return `${table(rowsOf(answer), SHARES)}a share of ${shown(share)} of what was saved, where results are proven not to be less right by more than ${shown(quality_margin)}; nothing is booked\n${cutRemark(answer, HINT)}`;
}

/** A mean, and nineteen times of twenty between what. */
function gap(value: unknown): string {
  if (!isRow(value)) return '-';
  const [mean, low, high] = [value['mean'], value['low'], value['high']].map((one) => Number(one).toFixed(3));
  return `${mean} (${low} to ${high})`;
}

function savings(answer: Row): string {
  const by = Array.isArray(answer['by']) ? answer['by'].map(String) : [];
  const groups = by.map((name): Column => [name.toUpperCase(), name]);
  const { total, hindsight } = answer;
  const all = isRow(total) ? [{ ...total, [by[0] ?? '']: 'all' }] : [];
  return [
    table([...rowsOf(answer), ...(by.length > 0 ? all : [])], [...groups, ...SUMS]),
    lookedBack(isRow(hindsight) ? hindsight : {}),
  ].join('\n');
}

/** Regret against the best fixed model, as far as words on results tell of it. */
function lookedBack(row: Row): string {
  const doubts = Array.isArray(row['doubts']) ? row['doubts'] : [];
  const { regret_usd: regret } = row;
  const told = (name: string): string => printable(shown(row[name]));
  const said = isRow(regret)
    ? `in hindsight the best model to ask always was ${told('model')}: worth ${six(regret['mean'])} USD a call more than what was (${six(regret['low'])} to ${six(regret['high'])}), by ${told('told')} words on results, as good as ${told('effective')} of its own\n`
    : 'in hindsight nothing can be said of any one model\n';
  return [said, ...doubts.map((doubt) => `doubt: ${printable(shown(doubt))}\n`)].join('');
}

function six(value: unknown): string {
  return Number(value).toFixed(6);
}

function percent(ratio: unknown): string {
  return typeof ratio === 'number' ? (ratio * 100).toFixed(1) : '-';
}
