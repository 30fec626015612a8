import { seededRng } from '@atp-router/kernel';
import { type Cli, show } from '../../commands/context.ts';
import { CliError, EXIT } from '../../exit.ts';
import { type Column, table } from '../../print/table.ts';
import { printable } from '../../print/text.ts';
import { openRouteSet } from '../routing/open.ts';
import { type Match, matchOf } from './agreement.ts';
import { type Streamed, streamed, type Vectors } from './stream.ts';

export interface ClustersOptions {
  readonly data: string;
  readonly set?: string;
  readonly vectors: Vectors;
  readonly seed: number;
  readonly orders: number;
  readonly json?: boolean;
}

/** Over orders: the mean, the least and the most. */
interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

type Spreads = Readonly<Record<keyof Match, Spread>>;

export interface ClustersReport {
  readonly version: 1;
  readonly options: Readonly<Record<string, unknown>>;
  readonly prompts: number;
  readonly categories: number;
  /** Against categories, which nothing that makes groups has seen. */
  readonly against: {
    /** Topics of prompts when they came, of those that came when there were any. */
    readonly came: Spreads;
    /** Topics of all prompts behind the last. */
    readonly end: Spreads;
    readonly kinds: Match;
    /** As many groups as topics, at random. */
    readonly random: Spreads;
  };
  /** ARI of the topics of all prompts in the end, of each two orders after each other; null of one order. */
  readonly stability: Spread | null;
  /** Share of prompts of the first half, once there were topics, that are of another topic in the end. */
  readonly first_half_reassigned: Spread;
  /** Of the router's own measure: late prompts that were assigned again, and went elsewhere. */
  readonly reassigned: Spread;
  readonly clusters: Spread;
  readonly changes: Readonly<Record<string, Spread>>;
  readonly names: readonly string[];
}

const UNKNOWN = 'unknown';

/** How clusters of prompts match the categories of a data set, and how much they move. */
export async function evalClusters(cli: Cli, options: ClustersOptions): Promise<void> {
  const { layout, set, found } = await openRouteSet(cli.terminal.cwd, options.data, options.set);
  const categories = found.prompts.map(({ category }) => category ?? UNKNOWN);
  if (new Set(categories).size < 2)
    throw new CliError(EXIT.usage, 'the data set has no categories that clusters could be held against.');
  const texts = found.prompts.map(({ text }) => text);
  const orders = Array.from({ length: options.orders }, (_, i) => shuffledPlaces(texts.length, options.seed + i));
  const runs = orders.map((order, i) => streamed(texts, order, options.vectors, options.seed + i));
  if (runs.some(({ end }) => end.includes('')))
    throw new CliError(EXIT.usage, `${texts.length} prompts are too few: topics are looked for in 256.`);
  const { vectors, seed } = options;
  const report = reportOf(runs, orders, categories, {
    ...{ layout, set: set ?? null, vectors, seed, orders: options.orders },
  });
  show(cli, options, report, () => printed(report));
}

function reportOf(
  runs: readonly Streamed[],
  orders: readonly (readonly number[])[],
  categories: readonly string[],
  options: ClustersReport['options'],
): ClustersReport {
  const changes = runs.map(({ view }) => view.changes);
  const names = Object.keys(changes[0] ?? {}) as (keyof (typeof changes)[number])[];
  const topics = new Set(runs[0]?.end).size;
  return {
    ...{ version: 1, options, prompts: categories.length, categories: new Set(categories).size },
    against: {
      came: spreads(runs.map(({ came }) => matchKnown(came, categories))),
      end: spreads(runs.map(({ end }) => matchOf(end, categories))),
      kinds: matchOf(runs[0]?.kinds ?? [], categories),
      random: spreads(runs.map((_, i) => matchOf(randomGroups(categories.length, topics, i + 1), categories))),
    },
    stability: runs.length < 2 ? null : spread(runs.slice(1).map(({ end }, i) => matchOf(end, runs[i]?.end ?? []).ari)),
    first_half_reassigned: spread(runs.map((run, i) => firstHalfMoved(run, orders[i] ?? []))),
    reassigned: spread(runs.map(({ view: { here } }) => here.reassigned / Math.max(1, here.checked))),
    clusters: spread(runs.map(({ view }) => view.clusters.length)),
    changes: Object.fromEntries(names.map((name) => [name, spread(changes.map((one) => one[name]))])),
    names: (runs[0]?.view.clusters ?? []).flatMap(({ name }) => name ?? []),
  };
}

function matchKnown(groups: readonly string[], classes: readonly string[]): Match {
  const places = groups.flatMap((group, place) => (group === '' ? [] : [place]));
  return matchOf(
    places.map((place) => groups[place] ?? ''),
    places.map((place) => classes[place] ?? ''),
  );
}

function firstHalfMoved({ came, end }: Streamed, order: readonly number[]): number {
  const known = order.slice(0, Math.floor(order.length / 2)).filter((place) => came[place] !== '');
  const moved = known.filter((place) => came[place] !== end[place]).length;
  return known.length === 0 ? 0 : moved / known.length;
}

function randomGroups(count: number, groups: number, seed: number): readonly string[] {
  const rng = seededRng(seed);
  return Array.from({ length: count }, () => String(Math.floor(rng.next() * groups)));
}

function shuffledPlaces(count: number, seed: number): readonly number[] {
  const rng = seededRng(seed);
  const order = Array.from({ length: count }, (_, place) => place);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(rng.next() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}

function spreads(matches: readonly Match[]): Spreads {
  const of = (pick: keyof Match): Spread => spread(matches.map((one) => one[pick]));
  return { purity: of('purity'), nmi: of('nmi'), ari: of('ari'), groups: of('groups') };
}

const MATCHES: readonly Column[] = [
  ['GROUPS BY', 'by'],
  ['HOW MANY', 'groups'],
  ['PURITY', 'purity'],
  ['NMI', 'nmi'],
  ['ARI', 'ari'],
];

function printed(report: ClustersReport): string {
  const { against, stability, first_half_reassigned, reassigned, clusters, changes, names } = report;
  const rowOf = (by: string, of: Spreads): Readonly<Record<string, unknown>> => ({
    ...{ by, groups: told(of.groups, 0), purity: told(of.purity), nmi: told(of.nmi), ari: told(of.ari) },
  });
  const one = (value: number): Spread => ({ mean: value, low: value, high: value });
  const { purity, nmi, ari, groups } = against.kinds;
  const kinds = { purity: one(purity), nmi: one(nmi), ari: one(ari), groups: one(groups) };
  const changed = Object.entries(changes).map(([name, value]) => `${name} ${told(value, 0)}`);
  return [
    `${report.prompts} prompts of ${report.categories} categories, vectors: ${printable(String(report.options['vectors']))}\n\n`,
    table(
      [
        rowOf('topics, when they came', against.came),
        rowOf('topics, in the end', against.end),
        rowOf('kinds of text', kinds),
        rowOf('chance', against.random),
      ],
      MATCHES,
    ),
    stability === null ? '' : `\ntwo orders against each other: ARI ${told(stability)}\n`,
    `of the first half ${told(first_half_reassigned)} are of another topic in the end; of late prompts that were assigned again ${told(reassigned)} went elsewhere\n`,
    `clusters: ${told(clusters, 0)}; ${changed.join(', ')}\n`,
    `names of the first order: ${names.map(printable).join(', ')}\n`,
  ].join('');
}

function told({ mean, low, high }: Spread, places: number = 3): string {
  if (low === high) return mean.toFixed(places);
  return `${mean.toFixed(places)} (${low.toFixed(places)} to ${high.toFixed(places)})`;
}
