import { type Column, table } from '../../print/table.ts';
import { count, printable } from '../../print/text.ts';
import type { Estimate } from '../measure.ts';
import { rate } from '../print.ts';
import type { DriftPoint } from './drift.ts';
import type { Apgr } from './apgr.ts';
import type { RoutePoint, RouteReport, SetFacts } from './report.ts';

const MODELS: readonly Column[] = [
  ['ALWAYS', 'model'],
  ['RIGHT', 'right'],
  ['COST', 'cost'],
  ['ANSWERED', 'answered'],
];
const CURVE: readonly Column[] = [
  ['USD A POINT', 'usd_per_point'],
  ['RIGHT', 'right'],
  ['19 OF 20 ORDERS', 'right_range'],
  ['COST', 'cost'],
  ['OVER MIXTURE', 'over'],
  ['REGRET, POINTS', 'regret'],
  ['HELD OUT', 'held_out'],
  ['TUNED', 'tuned'],
];
const PARTS: readonly Column[] = [
  ['PART', 'part'],
  ['RIGHT', 'right'],
  ['19 OF 20 ORDERS', 'right_range'],
  ['COST', 'cost'],
  ['19 OF 20 ORDERS', 'cost_range'],
  ['OVER MIXTURE', 'over'],
  ['REGRET, POINTS', 'regret'],
];
const DRIFTS: readonly Column[] = [
  ['USD A POINT', 'usd_per_point'],
  ['FALSE ALARMS', 'false_alarms'],
  ['FOUND', 'found'],
  ['AFTER', 'found_after'],
  ['REACTED AFTER', 'reacted_after'],
  ['WORTH', 'worth'],
  ['UNWATCHED', 'unwatched'],
  ['STATIC', 'static'],
  ['KNOWING', 'knowing'],
];
const PATHS: readonly Column[] = [
  ['ASKED', 'models'],
  ['PROMPTS', 'share'],
];

/** A report for people: what each model alone comes to, the curve, then for each price of quality what routing came to. */
export function printRouteReport(report: RouteReport): string {
  const { models, oracle, best_single, points, options, cascade, curve, apgr, data, warm, drifts } = report;
  const rows = models.map(({ model, right, cost_share, answered }) => ({
    ...{ model: printable(model), right: rate(right), cost: rate(cost_share), answered },
  }));
  const fixed =
    cascade === null
      ? ''
      : `${cascade.models.slice(0, 2).map(printable).join(' and ')}, where they differ ${printable(cascade.models[2] ?? '')}: right ${rate(cascade.right)}, cost ${rate(cascade.cost_share)}\n`;
  return [
    `${setText(data)}, ${count(models.length, 'model')}, learner ${String(options['learner'])}, policy ${String(options['policy'])}, feedback ${String(options['feedback'])}, `,
    `delay ${String(options['delay'])}, noise ${String(options['noise'])}, ${count(Number(options['orders']), 'order')} from seed ${String(options['seed'])}\n`,
    warm === null ? '' : `before them, not counted: ${setText(warm)}\n`,
    `cost: a prompt, over what ${printable(best_single)} costs, which is right most often\n\n`,
    table(rows, MODELS),
    `\nthe cheapest that is right, of each prompt: right ${rate(oracle.right)}, cost ${rate(oracle.cost_share)}\n${fixed}`,
    `\nthe last half, at each price of quality\n`,
    table(points.map(curveRow), CURVE),
    `area up to the cost of the best: ${rate(curve.area.mean)}, of single models mixed at random ${rate(curve.mixtures.mean)}: `,
    `${rate(curve.gain.mean)} more (${range(curve.gain)})\n`,
    apgr === null ? '' : apgrText(apgr),
    drifts.length === 0 ? '' : driftsText(drifts),
    ...points.map(pointText),
  ].join('');
}

function driftsText(drifts: readonly DriftPoint[]): string {
  const rows = drifts.map((one) => ({
    ...{ usd_per_point: one.usd_per_point, false_alarms: one.false_alarms.toFixed(2), found: rate(one.found) },
    found_after: one.found_after === null ? '-' : Math.round(one.found_after.mean),
    ...{ reacted_after: one.reacted_after, worth: one.worth.mean.toFixed(2) },
    ...{ unwatched: one.worth_unwatched.mean.toFixed(2), static: one.worth_static.toFixed(2) },
    knowing: one.worth_knowing.toFixed(2),
  }));
  return `\nbehind the change, prompts and points of quality a prompt\n${table(rows, DRIFTS)}`;
}

function setText({ prompts, set, left_out, has_answers, usual_out_tokens }: SetFacts): string {
  const left = Object.entries(left_out).filter(([, n]) => n > 0);
  return [
    `${count(prompts, 'prompt')}${set === null ? '' : ` of ${set}`}`,
    left.length === 0 ? '' : ` (left out: ${left.map(([why, n]) => `${n} ${why.replace('_', ' ')}`).join(', ')})`,
    has_answers ? '' : ', answers not known',
    usual_out_tokens === null ? '' : `, ${usual_out_tokens} tokens for an answer of unknown length`,
  ].join('');
}

function apgrText({ weak, strong, all, last_half, by_category, oracle }: Apgr): string {
  const category = by_category === null ? '' : `, by category, known afterwards, ${rate(by_category)}`;
  return [
    `gap between ${printable(weak)} and ${printable(strong)} recovered on average (APGR): ${rate(all.mean)} (${range(all)}), `,
    `in the last half ${rate(last_half.mean)} (${range(last_half)}); at random 0.5${category}, by prompt ${rate(oracle)}\n`,
  ].join('');
}

function curveRow({ usd_per_point, parts }: RoutePoint): Readonly<Record<string, unknown>> {
  const of = (name: string): RoutePoint['parts'][number] | undefined => parts.find(({ part }) => part === name);
  const half = of('last_half');
  return {
    ...{ usd_per_point, right: rate(half?.right.mean ?? 0), right_range: half && range(half.right) },
    ...{ cost: rate(half?.cost_share.mean ?? 0), over: half && rate(half.over_mixture.mean) },
    regret: half?.regret_points.mean.toFixed(2),
    held_out: rate(of('last_half_held_out')?.right.mean ?? 0),
    tuned: rate(of('last_half_tuned')?.right.mean ?? 0),
  };
}

function pointText({ usd_per_point, parts, stretches, calls, by_category, paths }: RoutePoint): string {
  const rows = parts.map(({ part, right, cost_share, regret_points, over_mixture }) => ({
    ...{ part, right: rate(right.mean), right_range: range(right), over: rate(over_mixture.mean) },
    ...{ cost: rate(cost_share.mean), cost_range: range(cost_share), regret: regret_points.mean.toFixed(2) },
  }));
  const category =
    by_category === null
      ? ''
      : `the best single model of each category, known afterwards: right ${rate(by_category.right)}, cost ${rate(by_category.cost_share)}\n`;
  return [
    `\na point of quality is worth ${usd_per_point} USD\n`,
    table(rows, PARTS),
    `right in ten stretches: ${stretches.map(({ right }) => right.mean.toFixed(3)).join(' ')}\n`,
    `cost in ten stretches:  ${stretches.map(({ cost_share }) => cost_share.mean.toFixed(3)).join(' ')}\n`,
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
