import type { LearnerKind, RoutePlans } from '@atp-router/routing';
import { type Cli, show } from '../../commands/context.ts';
import { CliError, EXIT } from '../../exit.ts';
import { printable } from '../../print/text.ts';
import { chosenModels } from '../open-dataset.ts';
import { type RouteCase, routeCases, USUAL_OUT_TOKENS } from './cases.ts';
import { type Change, courseOf } from './course.ts';
import { type DriftPoint, driftPoint } from './drift.ts';
import { fixedOf } from './fixed.ts';
import { folderAndSet, type OpenedSet, openRouteSet } from './open.ts';
import { POINTS } from './points.ts';
import { pricesFor, readPrices } from './prices.ts';
import { printRouteReport } from './print.ts';
import { routeReport, type Run, type SetFacts } from './report.ts';
import { streamOnce } from './stream.ts';
import { swept } from './sweep.ts';

export interface RoutingOptions {
  readonly data: string;
  readonly set?: string;
  /** A data set that is streamed before, `DIR` or `DIR#set`, and does not count. */
  readonly warm?: string;
  readonly models: 'all' | readonly string[];
  readonly prices?: string;
  readonly learner: LearnerKind;
  readonly policy: RoutePlans;
  /** Three models: the third is asked where the first two differ. */
  readonly cascade?: readonly string[];
  /** In the middle of each stream. */
  readonly drift?: Change;
  /** USD that a point of quality is worth: a prompt in a hundred more that is right. Undefined: what prices span. */
  readonly quality?: readonly number[];
  readonly feedback: number;
  readonly delay: number;
  readonly noise: number;
  readonly seed: number;
  readonly orders: number;
  readonly json?: boolean;
}

export async function evalRouting(cli: Cli, options: RoutingOptions): Promise<void> {
  const { cwd } = cli.terminal;
  const { data, json: _, warm: warm_data, prices, orders, cascade, quality: __, ...asked } = options;
  const opened = await openRouteSet(cwd, data, options.set);
  const models = chosenModels(opened.found, options.models);
  if (models.length < 2) throw new CliError(EXIT.usage, 'routing needs two models or more to choose among.');
  const main = priced(cwd, opened, models, prices);
  checkCascade(cascade, models, main.facts);
  const warm = warm_data === undefined ? undefined : await warmed(cwd, warm_data, models, prices, main.cases);
  const { drift } = options;
  const course = drift && courseOf(main.cases, drift.kind, placeOf(drift.model, models));
  const ordersAt = (usd_per_point: number, unwatched?: boolean): Run['orders'] =>
    Array.from({ length: orders }, (_order, i) => {
      const stream = { ...options, seed: options.seed + i, quality_usd: usd_per_point * POINTS, unwatched };
      return streamOnce(models, course ?? main.cases, stream, warm?.cases);
    });
  const run = (usd_per_point: number): Run => ({ usd_per_point, orders: ordersAt(usd_per_point) });
  const cases = course?.after ?? main.cases;
  const runs = options.quality?.map(run) ?? swept(fixedOf(models, cases), run);
  const drifts = runs.flatMap((one): readonly DriftPoint[] => {
    if (course === undefined || drift === undefined) return [];
    const unwatched = ordersAt(one.usd_per_point, true);
    return [driftPoint({ models, course, model: drift.model, ...one, unwatched })];
  });
  const report = routeReport(
    { ...asked, quality: runs.map(({ usd_per_point }) => usd_per_point), orders },
    { data: main.facts, warm: warm?.facts ?? null, models, cases, cascade, runs, drifts },
  );
  show(cli, options, report, () => printRouteReport(report));
}

interface Priced {
  readonly facts: SetFacts;
  readonly cases: readonly RouteCase[];
}

function priced(
  cwd: string,
  { layout, set, found }: OpenedSet,
  models: readonly string[],
  file: string | undefined,
  taken: ReadonlySet<string> = new Set(),
): Priced {
  const known = file === undefined ? found.prices : readPrices(cwd, file);
  if (known === undefined) throw new CliError(EXIT.usage, 'the data set brings no prices. Name a table with --prices.');
  const all = routeCases(found, models, pricesFor(models, known, file ?? 'prices of the data set'));
  const cases = all.filter(({ text }) => !taken.has(text));
  if (cases.length === 0) throw new CliError(EXIT.usage, 'of no prompt is there an answer of one of these models.');
  const outcomes = cases.flatMap((one) => one.outcomes.filter((outcome) => outcome !== undefined));
  const left_out = {
    contaminated: found.contaminated,
    not_asked: found.prompts.length - all.length,
    again: all.length - cases.length,
  };
  const facts = {
    ...{ layout, set: set ?? null, prompts: cases.length, left_out },
    has_answers: outcomes.some(({ key }) => key !== undefined),
    usual_out_tokens: outcomes.some(({ out_tokens }) => out_tokens === undefined) ? USUAL_OUT_TOKENS : null,
  };
  return { facts, cases };
}

/** Prompts that come again among those that count are left out: to know their outcome is no transfer. */
async function warmed(
  cwd: string,
  data: string,
  models: readonly string[],
  prices: string | undefined,
  cases: readonly RouteCase[],
): Promise<Priced> {
  const [folder, set] = folderAndSet(data);
  const opened = await openRouteSet(cwd, folder, set);
  chosenModels(opened.found, models);
  return priced(cwd, opened, models, prices, new Set(cases.map(({ text }) => text)));
}

function placeOf(model: string, models: readonly string[]): number {
  const place = models.indexOf(model);
  if (place < 0)
    throw new CliError(EXIT.usage, `--drift: ${printable(model)} is none of the models that may be asked.`);
  return place;
}

function checkCascade(
  cascade: readonly string[] | undefined,
  models: readonly string[],
  { has_answers }: SetFacts,
): void {
  if (cascade === undefined) return;
  const unknown = cascade.find((model) => !models.includes(model));
  if (unknown !== undefined)
    throw new CliError(EXIT.usage, `--cascade: ${printable(unknown)} is none of the models that may be asked.`);
  if (!has_answers)
    throw new CliError(EXIT.usage, '--cascade: the data set does not say what was answered, so nobody can agree.');
}
