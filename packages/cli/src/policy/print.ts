import { type FanoutPlan, type Member, splitBudget, TRIGGERS } from '@atp-router/consensus';
import { nanosToMicros } from '@atp-router/kernel';
import type { Considered, CostBounds } from '@atp-router/router';
import { table } from '../print/table.ts';
import { count, printable, usd } from '../print/text.ts';
import { boundsOfBudget, type Explanation } from './explanation.ts';

/** A decision trace for people: what decided, condition by condition, and what comes of it. */
export function explanation(answer: Explanation): string {
  const { decision, considered, bounds } = answer;
  const { fanout, routed } = decision;
  return [
    headline(answer),
    '\n',
    considered.map(consideredText).join(''),
    '\n',
    fanout === undefined ? '' : fanoutText(fanout),
    budgetText(answer),
    targetsText(answer),
    routed.ok
      ? `costs: ${boundsText(bounds)}\n`
      : `refused (${routed.error.code}): ${printable(routed.error.message)}\n`,
  ].join('');
}

/** A fan-out without a chain has none to fall back on. */
function targetsText({ decision: { fanout, routed } }: Explanation): string {
  if (!routed.ok || (fanout !== undefined && fanout.falls_back !== true)) return '';
  const chain = routed.plan.targets.map(({ id }) => printable(id)).join(', then ');
  return fanout === undefined ? `goes to: ${chain}\n` : `when nothing comes of it: ${chain}\n`;
}

function headline({ model, decision: { facts, policy, by } }: Explanation): string {
  const who = `${printable(model)} for tenant ${printable(facts.tenant.id)}, tier ${facts.qos}`;
  if (policy === undefined) return `${who}: no policy applies\n`;
  return `${who}: policy ${policy.id} applies, ${by === 'name' ? 'it was named' : 'its match holds'}\n`;
}

const VERDICTS: Readonly<Record<Considered['outcome'], string>> = {
  yes: 'applies',
  no: 'does not apply',
  unknown: 'does not apply: it rests on facts that nobody has said',
  'by name only': 'has no match: only when it is named',
  later: 'was not asked: the decision was made before',
};
const MARKS = { yes: '✓', no: '✗', unknown: '?' } as const;

function consideredText({ policy, outcome, steps }: Considered): string {
  const lines = steps.map(({ depth, what, expected, actual, outcome: came }) => {
    const said = expected === '' ? what : `${what} is to be ${expected}, and is ${actual}`;
    return `${'  '.repeat(depth + 1)}${MARKS[came]} ${printable(said)}\n`;
  });
  return `${policy}: ${VERDICTS[outcome]}\n${lines.join('')}`;
}

function fanoutText(plan: FanoutPlan): string {
  const { mode, members, strategy, provisional, escalations, arbiter, filter, deadline_ms, tau_final, select } = plan;
  const rows = members.map((member, lane) => ({ lane, ...memberRow(member) }));
  const lines = [
    `asks ${count(members.length, 'lane')} at once (${mode})\n`,
    table(rows, [
      ['LANE', 'lane'],
      ['WHO', 'who'],
      ['MODEL', 'model'],
      ['SEED', 'seed'],
      ['TEMPERATURE', 'temperature'],
      ['REMARKS', 'remarks'],
    ]),
    `strategy: ${strategyText(strategy)}\n`,
  ];
  if (select !== undefined) {
    lines.push(
      `of these the best ${select.top} by reputation; a place goes to another with chance ${select.explore}\n`,
    );
  }
  if (filter !== undefined) lines.push(`filter: ${printable(filter.source)} is asked before external lanes\n`);
  if (provisional !== undefined) {
    const { quorum_min, agree_min, expiry_ms } = provisional;
    const when = [
      ...(quorum_min === undefined ? [] : [count(quorum_min, 'answer')]),
      ...(agree_min === undefined ? [] : [`agreement ${agree_min}`]),
    ];
    lines.push(`provisional: from ${when.join(' or ')} on, may be revised for ${expiry_ms} ms\n`);
  }
  for (const { when, threshold, to } of escalations) {
    const below = TRIGGERS[when].below === undefined ? '' : ` (below ${threshold})`;
    lines.push(`escalation: ${when}${below} asks ${printable(to.source)}\n`);
  }
  if (arbiter !== undefined) {
    lines.push(`arbiter: ${printable(arbiter.member.source)}, at most ${usd(nanosToMicros(arbiter.max_usd_nanos))}\n`);
  }
  if (deadline_ms !== undefined) lines.push(`deadline: ${deadline_ms} ms\n`);
  if (tau_final !== undefined) lines.push(`final: as soon as it is ${tau_final} sure\n`);
  return lines.join('');
}

function memberRow({ source, model, seed, temperature, clone, is_challenger, is_external }: Member): object {
  const remarks = [
    ...(clone > 0 ? [`clone ${clone}`] : []),
    ...(is_challenger ? ['challenger'] : []),
    ...(is_external === true ? ['external'] : []),
  ];
  return { who: source, model, seed, temperature: temperature?.toFixed(2), remarks: remarks.join(', ') };
}

function strategyText({
  kind,
  answer,
  quorum,
  weights,
  judge,
  judge_mode,
  risk,
  among,
  ack_severity,
}: FanoutPlan['strategy']): string {
  const form = answer.kind === 'json' && answer.field !== undefined ? `json:${answer.field}` : answer.kind;
  const parts = [`${kind}, answers told apart as ${form}`];
  if (kind === 'majority' || kind === 'self_consistency') parts.push(`${weights} weights`);
  if (quorum !== undefined) parts.push(`quorum ${quorum}`);
  if (judge !== undefined) parts.push(`judge ${printable(judge)}${kind === 'judge' ? ` (${judge_mode})` : ''}`);
  if (kind === 'self_consistency') parts.push(`stops at risk ${risk}`);
  if (kind === 'adaptive') parts.push(`among ${among.join(', ')}`);
  if (kind === 'two_phase') parts.push(`a second ACK from ${ack_severity} on`);
  return parts.join('; ');
}

function budgetText({ decision: { policy, fanout } }: Explanation): string {
  const budget = policy?.budget;
  if (budget === undefined) return '';
  const bounds = boundsOfBudget(budget);
  if (fanout === undefined) return `budget: ${amount(bounds)}\n`;
  const { share, shares, arbiter_usd_nanos } = splitBudget(fanout, bounds);
  const kept = arbiter_usd_nanos === 0 ? '' : `, ${usd(nanosToMicros(arbiter_usd_nanos))} kept for the arbiter`;
  return `budget: ${amount(bounds)}: ${count(shares, 'share')} of ${amount(share)}${kept}\n`;
}

function amount({ usd_nanos, tokens }: { readonly usd_nanos: number; readonly tokens: number }): string {
  const parts = [
    ...(Number.isFinite(usd_nanos) ? [usd(nanosToMicros(usd_nanos))] : []),
    ...(Number.isFinite(tokens) ? [`${tokens} tokens`] : []),
  ];
  return parts.join(' and ');
}

/** `2 to 7 answers, $0.000100 to $0.002000`. */
export function boundsText({ calls_low, calls_high, usd_nanos_low, usd_nanos_high }: CostBounds): string {
  const calls = calls_low === calls_high ? count(calls_low, 'answer') : `${calls_low} to ${calls_high} answers`;
  const low = usd(nanosToMicros(usd_nanos_low));
  return `${calls}, ${low} ${usd_nanos_high === undefined ? 'or more: something has no price' : `to ${usd(nanosToMicros(usd_nanos_high))}`}`;
}
