import { type Column, table } from '../print/table.ts';
import { count, printable } from '../print/text.ts';
import type { Estimate } from './measure.ts';
import type { Report } from './report.ts';

const PARTS: readonly Column[] = [
  ['PART', 'part'],
  ['PROMPTS', 'prompts'],
  ['RIGHT', 'right'],
  ['95 %', 'interval'],
  ['MAJORITY', 'majority'],
  ['BEST MEMBER', 'best'],
  ['ORACLE', 'oracle'],
  ['OVER MAJORITY', 'over_majority'],
  ['OVER BEST', 'over_best'],
];
const CATEGORIES: readonly Column[] = [
  ['CATEGORY', 'part'],
  ['PROMPTS', 'prompts'],
  ['RIGHT', 'right'],
  ['MAJORITY', 'majority'],
  ['BEST MEMBER', 'best'],
  ['ORACLE', 'oracle'],
];
const MEMBERS: readonly Column[] = [
  ['MEMBER', 'model'],
  ['RIGHT', 'right'],
  ['WEIGHT', 'weight'],
];
const REGRET: readonly Column[] = [
  ['ALWAYS', 'kind'],
  ['CHOSEN', 'chosen'],
  ['RIGHT', 'gain'],
  ['OVER THE CHOICE', 'regret'],
];
const BINS: readonly Column[] = [
  ['CONFIDENCE', 'range'],
  ['PROMPTS', 'prompts'],
  ['MEAN', 'mean'],
  ['RIGHT', 'right'],
];

/** A report for people: parts in rows, then where it is right, who voted, and how sure it was. */
export function printReport(report: Report): string {
  const { prompts, members, best_member, parts, categories, calls, tokens, calibration } = report;
  const { strategy, feedback, seed } = report.options;
  const rows = parts.map((part) => ({
    ...shares(part),
    interval: part.interval === null ? '-' : `${rate(part.interval.low)}-${rate(part.interval.high)}`,
    over_majority: difference(part.over_majority),
    over_best: difference(part.over_best_member),
    over_baseline: difference(part.over_baseline),
  }));
  const spent =
    tokens === null ? '' : `, about ${Math.round(tokens.per_prompt)} tokens (${percent(tokens.share)} of all)`;
  return [
    `${count(prompts, 'prompt')}, ${count(members.length, 'member')}, strategy ${String(strategy)}, `,
    `feedback ${String(feedback)}, seed ${String(seed)}\n\n`,
    table(
      rows,
      parts.some(({ over_baseline }) => over_baseline !== null)
        ? [...PARTS, [report.options['against'] === undefined ? 'OVER ALL ASKED' : 'OVER THE OTHERS', 'over_baseline']]
        : PARTS,
    ),
    `\nbest member: ${printable(best_member)}\n`,
    `calls: ${calls.per_prompt.toFixed(2)} a prompt (${percent(calls.share)} of all)${spent}\n\n`,
    report.regret === null ? '' : `${printRegret(report.regret)}\n`,
    categories.length === 0 ? '' : `${table(categories.map(shares), CATEGORIES)}\n`,
    table(
      members.map(({ model, accuracy, weight }) => ({ model, right: rate(accuracy), weight: weight?.toFixed(2) })),
      MEMBERS,
    ),
    `\ncalibration error ${calibration.all.ece.toFixed(3)}, of the last half ${calibration.last_half.ece.toFixed(3)}\n`,
    table(
      calibration.last_half.bins
        .filter((bin) => bin.prompts > 0)
        .map((bin) => ({
          range: `${bin.from.toFixed(1)}-${bin.to.toFixed(1)}`,
          prompts: bin.prompts,
          mean: rate(bin.confidence),
          right: rate(bin.accuracy),
        })),
      BINS,
    ),
  ].join('');
}

function printRegret({ n, gain, chosen, fixed }: NonNullable<Report['regret']>): string {
  const rows = fixed.map((one) => ({
    ...{ kind: one.kind, chosen: chosen[one.kind] ?? 0, gain: rate(one.gain) },
    // 95 % by the normal distribution.
    regret: difference({
      mean: one.regret,
      low: one.regret - 1.96 * one.regret_se,
      high: one.regret + 1.96 * one.regret_se,
    }),
  }));
  return `on ${count(n, 'prompt')} held out, the strategy that was chosen is right on ${rate(gain)}\n\n${table(rows, REGRET)}`;
}

function shares(part: Report['categories'][number]): Readonly<Record<string, unknown>> {
  const { accuracy, majority, best_member, oracle } = part;
  return {
    ...{ part: part.part, prompts: part.prompts, right: rate(accuracy) },
    ...{ majority: rate(majority), best: rate(best_member), oracle: rate(oracle) },
  };
}

export function rate(value: number): string {
  return value.toFixed(4);
}

function percent(value: number): string {
  return `${(value * 100).toFixed(0)} %`;
}

/** `+0.0123 (+0.0050 to +0.0190)`. */
function difference(estimate: Estimate | null): string {
  if (estimate === null) return '-';
  const signed = (value: number): string => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
  return `${signed(estimate.mean)} (${signed(estimate.low)} to ${signed(estimate.high)})`;
}
