import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { clustersText } from '../print/clusters.ts';
import { type Column, isRow, type Row, rowsOf, table } from '../print/table.ts';
import { printable, shown, usd } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';
import { addRouteSavings } from './route-savings.ts';

const CANDIDATES: readonly Column[] = [
  ['MODEL', 'model'],
  ['RIGHT', (row) => `${digits(row['chance'])} ± ${digits(row['spread'])}`],
  ['COST', (row) => usd(row['expected_usd_micros'])],
  ['CACHED', 'expected_cached_tokens'],
  ['JOULES', (row) => digits(row['expected_energy_joules'])],
  ['CO2E MG', (row) => digits(row['expected_co2e_mg'])],
  ['WORTH', (row) => digits(row['worth'])],
  ['FRONTIER', (row) => (row['on_frontier'] === true ? 'yes' : 'no')],
];

const ANSWERS: readonly Column[] = [
  ['ANSWERED', 'model'],
  ['TOKENS', 'out_tokens'],
  ['LONGER BY', (row) => digits(row['longer_by'])],
  ['SAYS', (row) => says(row['choice'])],
];

const SCORES: readonly Column[] = [
  ['MODEL', 'model'],
  ['NAME', (row) => (row['cluster_name'] === null ? '-' : printable(shown(row['cluster_name'])))],
  ['CLUSTER', (row) => (row['cluster'] === null ? (row['kind'] === null ? 'all' : '-') : shown(row['cluster']))],
  ['KIND', (row) => (row['kind'] === null ? '-' : shown(row['kind']))],
  ['WORDS', (row) => Number(row['observations']).toFixed(1)],
  ['RIGHT', (row) => digits(row['right'])],
];

const AGREEMENTS: readonly Column[] = [
  ['SOURCE', 'source'],
  ['TASK', (row) => (row['task_type'] === null ? 'all' : shown(row['task_type']))],
  ['ANSWERS', 'n'],
  ['AGREEMENT', (row) => digits(row['agreement'])],
  ['KAPPA', (row) => digits(row['kappa'])],
];

const ESTIMATES: readonly Column[] = [
  ['', 'name'],
  ['RIGHT', (row) => between(row['right'], 3)],
  ['USD A CALL', (row) => between(row['cost_usd'], 6)],
];

/** Adds `route`: how `auto` chooses. */
export function addRoute(program: Command, cli: Cli): void {
  const route = program.command('route').description('how "auto" chooses');
  online(route.command('explain'))
    .description('whom it could have asked for a request, why it asked whom it did, and what came of it')
    .argument('<request>', 'its id, as in x-atp-request-id')
    .action((request_id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'explain'), { request_id });
        show(cli, options, answer, () => explained(isRow(answer) ? answer : {}));
      }),
    );
  online(route.command('scores'))
    .description('how right models were for "auto", on all prompts and on each cluster of them')
    .option('--tenant <id>', 'only what calls of this tenant have taught')
    .action(({ tenant, ...options }: OnlineOptions & { readonly tenant?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'scores'), { tenant });
        show(cli, options, answer, () => table(rowsOf(answer), SCORES));
      }),
    );
  online(route.command('clusters'))
    .description('clusters of prompts: names, sizes, what became of them, and how right models were on each')
    .option('--tenant <id>', 'scores by what calls of this tenant have taught')
    .action(({ tenant, ...options }: OnlineOptions & { readonly tenant?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'clusters'), { tenant });
        show(cli, options, answer, () => clustersText(isRow(answer) ? answer : {}));
      }),
    );
  online(route.command('whatif'))
    .description('what another policy would have come to on the calls that are on record, and how sure that is')
    .argument('<policy>', 'always:<model>, cheapest, best, or quality:<usd>')
    .action((policy: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'whatif'), { policy });
        show(cli, options, answer, () => whatIf(isRow(answer) ? answer : {}));
      }),
    );
  online(route.command('success'))
    .description('how far the judge agrees with people, validators and signals, by type of task')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('routing', 'success'));
        show(cli, options, answer, () => successShown(isRow(answer) ? answer : {}));
      }),
    );
  addRouteSavings(route, cli);
}

function successShown(row: Row): string {
  const judge = isRow(row['judge']) ? row['judge'] : {};
  const right = typeof judge['right'] === 'number' ? `, right by it: ${digits(judge['right'])}` : '';
  return [`answers judged: ${printable(shown(judge['words']))}${right}`, '', table(rowsOf(row), AGREEMENTS)].join('\n');
}

function explained(row: Row): string {
  const told = (name: string): string => printable(shown(row[name]));
  const looked = row['plan'] === 'single' ? 'and its answer taken' : 'and its answer looked at';
  const beside = row['plan'] === 'fanout' ? ', another one side by side with it' : '';
  const tried = row['explores'] === true ? 'something might be tried' : 'nothing was tried';
  return [
    `${told('first')} was asked first, ${looked}${beside}: with a chance of ${digits(row['propensity'])}; ${tried}`,
    `a right answer was worth ${told('quality_usd')} USD; cluster ${told('cluster')}, kind ${told('kind')}, tier ${told('qos')}, policy ${told('policy')}`,
    '',
    table(rowsOf({ data: row['candidates'] }), CANDIDATES),
    table(rowsOf({ data: row['answers'] }), ANSWERS),
    ...rowsOf({ data: row['speculated'] }).map(speculation),
    `taken: ${told('taken')}; ${told('outcome')}, ${usd(row['cost_usd_micros'])}`,
    '',
  ].join('\n');
}

function speculation({ model, outcome }: Row): string {
  const came = outcome === 'accepted' ? 'was not needed, and was stopped' : 'was needed';
  return `${printable(shown(model))} began early, and ${came}`;
}

function whatIf(row: Row): string {
  const told = (name: string): string => printable(shown(row[name]));
  const names = [
    ['was', 'what was'],
    ['ips', 'by calls chosen alike'],
    ['doubly_robust', 'doubly robust'],
  ] as const;
  const rows = names.map(([name, heading]) => {
    const estimate = row[name];
    return { name: heading, ...(isRow(estimate) ? estimate : {}) };
  });
  const doubts = Array.isArray(row['doubts']) ? row['doubts'] : [];
  return [
    `${told('policy')}, on ${told('calls')} calls, ${told('told')} of them with a word on how right they were; ${told('alike')} were chosen for alike, as good as ${told('effective')} of its own`,
    '',
    table(rows, ESTIMATES),
    ...doubts.map((doubt) => `doubt: ${printable(shown(doubt))}\n`),
  ].join('\n');
}

/** A mean, and nineteen times of twenty between what. */
function between(value: unknown, places: number): string {
  if (!isRow(value)) return '-';
  const [mean, low, high] = [value['mean'], value['low'], value['high']].map((one) => Number(one).toFixed(places));
  return `${mean} (${low} to ${high})`;
}

/** Answers that are equal have the same letter. */
function says(choice: unknown): string {
  return typeof choice === 'number' ? String.fromCodePoint(65 + (choice % 26)) : '-';
}

function digits(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : '-';
}
