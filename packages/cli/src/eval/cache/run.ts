import { hashedEmbedder } from '@atp-router/consensus';
import { seededRng } from '@atp-router/kernel';
import { type Cli, show } from '../../commands/context.ts';
import { CliError, EXIT } from '../../exit.ts';
import { type Column, table } from '../../print/table.ts';
import { printable } from '../../print/text.ts';
import { openRouteSet } from '../routing/open.ts';
import { type CachedPrompt, likenessesOf, replayed, type Replayed } from './replay.ts';

export interface CacheOptions {
  readonly data: string;
  readonly set?: string;
  /** Whose answers are kept. Absent: those of the one that was asked most prompts. */
  readonly model?: string;
  readonly entries: number;
  readonly threshold: number;
  readonly maxFalseHits: number;
  readonly verify: number;
  readonly seed: number;
  readonly json?: boolean;
}

interface Band {
  /** Prompts whose nearest before them is at least so alike. */
  readonly from: number;
  readonly prompts: number;
  /** Of them, those whose answers differ. */
  readonly false_hits: number;
  readonly false_rate: number;
}

export interface CacheReport {
  readonly version: 1;
  readonly options: Readonly<Record<string, unknown>>;
  readonly embedder: string;
  readonly prompts: number;
  /** Answers of two prompts drawn at random that are the same: so much is chance. */
  readonly same_by_chance: number;
  readonly exact: { readonly hits: number; readonly false_hits: number };
  readonly bands: readonly Band[];
  readonly replay: Replayed;
}

const FROM: readonly number[] = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98];

/** How alike prompts are, how often their answers differ, and what the router's own cache makes of it. */
export async function evalCache(cli: Cli, options: CacheOptions): Promise<void> {
  const { layout, set, found } = await openRouteSet(cli.terminal.cwd, options.data, options.set);
  const model = options.model ?? mostAsked(found.models, found.covered);
  const place = found.models.indexOf(model);
  if (place < 0) throw new CliError(EXIT.usage, `the data set has no answers of ${printable(model)}.`);
  const prompts = found.prompts.flatMap(({ text, answers }): CachedPrompt[] => {
    const key = answers[place]?.key;
    return key === undefined || key === '' ? [] : [{ text, key }];
  });
  if (prompts.length < 2)
    throw new CliError(
      EXIT.usage,
      `the data set does not say what ${printable(model)} answered, so nothing can be compared.`,
    );
  const embedder = hashedEmbedder();
  const stream = shuffled(prompts, options.seed);
  const { entries, threshold, maxFalseHits: max_false_hits, verify, seed } = options;
  const { exact, near } = likenessesOf(stream, embedder, entries);
  const report: CacheReport = {
    version: 1,
    options: { layout, set: set ?? null, model, entries, threshold, max_false_hits, verify, seed },
    embedder: embedder.id,
    prompts: stream.length,
    same_by_chance: sameByChance(stream),
    exact: { hits: exact.length, false_hits: exact.filter((is_same) => !is_same).length },
    bands: FROM.map((from) => {
      const within = near.filter(({ likeness }) => likeness >= from);
      const false_hits = within.filter(({ is_same }) => !is_same).length;
      const false_rate = within.length === 0 ? 0 : false_hits / within.length;
      return { from, prompts: within.length, false_hits, false_rate };
    }),
    replay: replayed(stream, embedder, { entries, threshold, max_false_hits, verify, seed }),
  };
  show(cli, options, report, () => printed(report));
}

function mostAsked(models: readonly string[], covered: readonly number[]): string {
  const place = covered.reduce((best, count, i) => (count > (covered[best] ?? 0) ? i : best), 0);
  return models[place] ?? '';
}

function shuffled(prompts: readonly CachedPrompt[], seed: number): readonly CachedPrompt[] {
  const rng = seededRng(seed);
  const order = [...prompts];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(rng.next() * (i + 1));
    [order[i], order[j]] = [order[j] as CachedPrompt, order[i] as CachedPrompt];
  }
  return order;
}

function sameByChance(prompts: readonly CachedPrompt[]): number {
  const counts = new Map<string, number>();
  for (const { key } of prompts) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + (count / prompts.length) ** 2, 0);
}

const BANDS: readonly Column[] = [
  ['SIMILARITY FROM', 'from'],
  ['PROMPTS', 'prompts'],
  ['ANSWERS DIFFER', 'false_hits'],
  ['OF ALL', (row) => digits(row['false_rate'])],
];

function printed({ options, embedder, prompts, same_by_chance, exact, bands, replay }: CacheReport): string {
  const { compared, threshold, similar, false_hits } = replay;
  return [
    `${prompts} prompts, answers of ${printable(String(options['model']))}, the last ${String(options['entries'])} kept, vectors by ${embedder}\n`,
    `answers of two prompts at random are the same: ${digits(same_by_chance)}\n`,
    `the same text came before: ${exact.hits}, with another answer ${exact.false_hits}\n\n`,
    table(
      bands.map((band) => ({ ...band })),
      BANDS,
    ),
    `\nthe router's own cache, at most ${String(options['max_false_hits'])} false: ${compared} compared, `,
    threshold === null ? 'no similarity was found to hold' : `in the end given again from ${threshold.toFixed(3)}`,
    `; ${similar} similar were answered from it, ${false_hits} of them falsely\n`,
  ].join('');
}

function digits(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : '-';
}
