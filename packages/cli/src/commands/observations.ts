import { type Command, InvalidArgumentError } from 'commander';
import { CURATE_DEFAULTS } from '@atp-router/routing';
import { CliError, EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, fields, isRow, rowsOf, table } from '../print/table.ts';
import { printable, shown } from '../print/text.ts';
import { adminPath, type Cli, integer, online, show } from './context.ts';

const ROWS: readonly Column[] = [
  ['OBSERVATION', 'id'],
  ['REQUEST', 'request_id'],
  ['TENANT', 'tenant'],
  ['TOPIC', 'topic'],
  ['MODEL', 'model'],
  ['SCORE', 'score'],
];

const QUEUE: readonly Column[] = [
  ['REQUEST', 'request_id'],
  ['TOPIC', 'topic'],
  ['MODEL', 'model'],
  ['CHANCE', 'chance'],
  ['PRIORITY', 'priority'],
];

const TOPICS: readonly Column[] = [
  ['TOPIC', 'topic'],
  ['OBSERVATIONS', 'observations'],
  ['LABELS', 'labels'],
];

const PROMOTIONS: readonly Column[] = [
  ['MODEL', 'model'],
  ['SECONDS TO ACTIVE', 'cycle_s'],
];

type Filtered = OnlineOptions & { readonly tenant?: string; readonly topic?: string; readonly limit?: number };

/** Adds `observations`: what was kept of calls. */
export function addObservations(program: Command, cli: Cli): void {
  const group = program
    .command('observations')
    .description('what was kept of calls: to look into, label, curate, erase');
  addReading(group, cli);
  addErasing(group, cli);
  addLabelling(group, cli);
  addCurating(group, cli);
}

function filtered(command: Command): Command {
  return online(command).option('--tenant <id>', 'of this tenant only').option('--topic <topic>', 'of this topic only');
}

function addReading(group: Command, cli: Cli): void {
  filtered(group.command('list'))
    .description('list observations, without their words')
    .action(({ tenant, topic, ...options }: Filtered) =>
      withAdmin(options, cli.terminal, async (api) => {
        const data = await api.list(adminPath('observations'), { tenant, topic });
        show(cli, options, { data }, () => table(data, ROWS));
      }),
    );
  online(group.command('show <id>'))
    .description('one observation with its words, by its id or that of its request')
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('observations', id));
        show(cli, options, answer, () => fields(answer));
      }),
    );
  filtered(group.command('export'))
    .description('all observations with their words, as JSON, one a line')
    .action(({ tenant, topic, ...options }: Filtered) =>
      withAdmin(options, cli.terminal, async (api) => {
        const rows = await api.list(adminPath('observations'), { tenant, topic, words: 'true' });
        cli.terminal.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      }),
    );
}

function addErasing(group: Command, cli: Cli): void {
  online(group.command('delete'))
    .description('erase what was kept of a tenant, or of a request')
    .option('--tenant <id>', 'all of this tenant')
    .option('--request <id>', 'the one of this request')
    .action(
      ({ tenant, request, ...options }: OnlineOptions & { readonly tenant?: string; readonly request?: string }) => {
        if ((tenant === undefined) === (request === undefined)) {
          throw new CliError(EXIT.usage, 'say either --tenant or --request.');
        }
        const what = tenant === undefined ? { request_id: request } : { tenant };
        return withAdmin(options, cli.terminal, async (api) => {
          const answer = await api.post(adminPath('observations', 'erase'), what);
          show(cli, options, answer, () => fields(answer));
        });
      },
    );
}

function addLabelling(group: Command, cli: Cli): void {
  filtered(group.command('queue'))
    .description('what somebody should say a word on next')
    .option('--limit <n>', 'how many', integer(1, 1_000))
    .action(({ tenant, topic, limit, ...options }: Filtered) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('observations', 'queue'), {
          tenant,
          topic,
          limit: limit === undefined ? undefined : String(limit),
        });
        show(cli, options, answer, () => table(rowsOf(answer), QUEUE));
      }),
    );
  online(group.command('label <request> <score>'))
    .description('say how right an answer was, 0 to 1')
    .action((request_id: string, score: string, options: OnlineOptions) => {
      const value = share(score);
      return withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.post(adminPath('observations', 'label'), { request_id, score: value });
        const learned = isRow(answer) && answer['is_learned'] === true ? ', and learned from' : '';
        show(cli, options, answer, () => `${printable(request_id)} is labelled ${value}${learned}.\n`);
      });
    });
  online(group.command('kpis'))
    .description('which part of what is asked has enough words of people, and how long models took to become active')
    .option('--labels-min <n>', 'words from which a topic counts as covered', integer(1, 10_000))
    .action(({ labelsMin, ...options }: OnlineOptions & { readonly labelsMin?: number }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const query = { labels_min: labelsMin === undefined ? undefined : String(labelsMin) };
        const answer = await api.get(adminPath('observations', 'kpis'), query);
        show(cli, options, answer, () => kpisText(answer));
      }),
    );
}

function kpisText(answer: unknown): string {
  if (!isRow(answer)) return 'nothing\n';
  const told = (name: string): string => shown(answer[name]);
  return [
    `${told('observations')} observations, ${told('labels')} with a word; covered: ${told('covered_topics')} of topics, ${told('covered_traffic')} of traffic\n`,
    table(rowsOf({ data: answer['topics'] }), TOPICS),
    table(rowsOf({ data: answer['promotions'] }), PROMOTIONS),
  ].join('\n');
}

interface CurateFlags {
  readonly out: string;
  readonly tenant?: string;
  readonly minScore?: number;
  readonly jaccard: number;
  readonly perTopic: number;
}

function addCurating(group: Command, cli: Cli): void {
  online(group.command('curate'))
    .description('make a dataset: without what is unsafe, near another, or too much of one topic')
    .requiredOption('--out <dir>', 'folder for the dataset and its manifest')
    .option('--tenant <id>', 'of this tenant only')
    .option('--min-score <score>', 'only what was said to be so right, 0 to 1', share)
    .option(
      '--jaccard <share>',
      'of three-word runs in common, from which two prompts are the same',
      near,
      CURATE_DEFAULTS.jaccard,
    )
    .option('--per-topic <n>', 'examples of a topic at most', integer(1, 1_000_000), CURATE_DEFAULTS.per_topic)
    .action(async ({ out, tenant, minScore, jaccard, perTopic, ...options }: OnlineOptions & CurateFlags) => {
      const settings = { ...CURATE_DEFAULTS, min_score: minScore, jaccard, per_topic: perTopic };
      const { curateTo } = await import('../observations/curate.ts');
      await withAdmin(options, cli.terminal, (api) =>
        curateTo(cli, api, { ...options, out, ...(tenant !== undefined && { tenant }) }, settings),
      );
    });
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}

function near(text: string): number {
  const value = share(text);
  if (value >= 0.05) return value;
  throw new InvalidArgumentError('It must be a number from 0.05 to 1.');
}
