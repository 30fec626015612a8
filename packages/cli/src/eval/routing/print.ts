import { type Column, table } from '../../print/table.ts';
import { count, printable } from '../../print/text.ts';
import type { Estimate } from '../measure.ts';
import { rate } from '../print.ts';
import type { RoutePoint, RouteReport } from './report.ts';

const MODELS: readonly Column[] = [
  ['ALWAYS', 'model'],
  ['RIGHT', 'right'],
  ['COST', 'cost'],
  ['ANSWERED', 'answered'],
];
const PARTS: readonly Column[] = [
  ['PART', 'part'],
  ['RIGHT', 'right'],
  ['19 OF 20 ORDERS', 'right_range'],
  ['COST', 'cost'],
  ['19 OF 20 ORDERS', 'cost_range'],
  ['REGRET, POINTS', 'regret'],
];
const PATHS: readonly Column[] = [
  ['ASKED', 'models'],
  ['PROMPTS', 'share'],
];

/** A report for people: what each model alone comes to, then for each price of quality what routing came to. */
export function printRouteReport(report: RouteReport): string {
  const { models, oracle, best_single, points, options } = report;
  const rows = models.map(({ model, right, cost_share, answered }) => ({
    ...{ model: printable(model), right: rate(right), cost: rate(cost_share), answered },
  }));
  return [
    `${count(report.prompts, 'prompt')}, ${count(models.length, 'model')}, policy ${String(options['policy'])}, feedback ${String(options['feedback'])}, `,
    `delay ${String(options['delay'])}, noise ${String(options['noise'])}, ${count(Number(options['orders']), 'order')} from seed ${String(options['seed'])}\n`,
    `cost: a prompt, over what ${printable(best_single)} costs, which is right most often\n\n`,
    table(rows, MODELS),
    `\nthe cheapest that is right, of each prompt: right ${rate(oracle.right)}, cost ${rate(oracle.cost_share)}\n`,
    ...points.map(pointText),
    `\nover mixtures of single models, up to the cost of the best: ${rate(report.curve_gain)} right more on average\n`,
  ].join('');
}

function pointText({ usd_per_point, parts, calls, by_category, paths }: RoutePoint): string {
  const rows = parts.map(({ part, right, cost_share, regret_points }) => ({
    ...{ part, right: rate(right.mean), right_range: range(right) },
    ...{ cost: rate(cost_share.mean), cost_range: range(cost_share), regret: regret_points.mean.toFixed(2) },
  }));
  const category =
    by_category === null
      ? ''
      : `the best single model of each category, known afterwards: right ${rate(by_category.right)}, cost ${rate(by_category.cost_share)}\n`;
  return [
    `\na point of quality is worth ${usd_per_point} USD\n`,
    table(rows, PARTS),
    `calls: ${calls.toFixed(2)} a prompt\n${category}`,
    table(
      paths.map(({ models, share }) => ({ models: models.map(printable).join(', then '), share: rate(share) })),
      PATHS,
    ),
  ].join('');
}

function range({ low, high }: Estimate): string {
  return `${rate(low)}-${rate(high)}`;
}
