import type { RoutePlans } from '@atp-router/routing';
import { type Cli, show } from '../../commands/context.ts';
import { CliError, EXIT } from '../../exit.ts';
import { chooseMembers, openDataset } from '../open-dataset.ts';
import { readPrices } from './prices.ts';
import { printRouteReport } from './print.ts';
import { POINTS, routeReport } from './report.ts';
import { streamOnce } from './stream.ts';
import { routeCases } from './tasks.ts';

export interface RoutingOptions {
  readonly data: string;
  readonly models: 'all' | readonly string[];
  readonly prices: string;
  readonly policy: RoutePlans;
  /** USD that a point of quality is worth: a prompt in a hundred more that is right. */
  readonly quality: readonly number[];
  readonly feedback: number;
  readonly delay: number;
  readonly noise: number;
  readonly seed: number;
  readonly orders: number;
  readonly json?: boolean;
}

export async function evalRouting(cli: Cli, options: RoutingOptions): Promise<void> {
  const { cwd } = cli.terminal;
  const { data, json: _, quality, orders, ...asked } = options;
  const dataset = chooseMembers(await openDataset(cwd, data), options.models);
  if (dataset.models.length < 2) throw new CliError(EXIT.usage, 'routing needs two models or more to choose among.');
  const prices = readPrices(cwd, options.prices, dataset.models);
  const cases = await routeCases(cwd, data, dataset, prices);
  const empty = cases.find(({ outcomes }) => outcomes.every((outcome) => outcome === undefined));
  if (empty !== undefined) throw new CliError(EXIT.usage, `no model has answered prompt ${empty.id}.`);
  const runs = quality.map((usd_per_point) => ({
    usd_per_point,
    orders: Array.from({ length: orders }, (_order, i) =>
      streamOnce(dataset.models, cases, { ...options, seed: options.seed + i, quality_usd: usd_per_point * POINTS }),
    ),
  }));
  const report = routeReport({ ...asked, quality, orders }, dataset.models, cases, runs);
  show(cli, options, report, () => printRouteReport(report));
}
