import { printable, shown, usd } from '../print/text.ts';
import { type Column, type Row, table } from '../print/table.ts';
import { wrap } from '../top/text.ts';
import { COLOR_LEGEND, heatOfLane, heatText, MARK_LEGEND } from './heat.ts';
import { numberIn, rowIn, rowsIn, textIn, textsIn } from './read.ts';

export interface ReportStyle {
  readonly width: number;
  readonly has_color: boolean;
}

const LANES: readonly Column[] = [
  ['LANE', 'lane'],
  ['ROLE', 'role'],
  ['SOURCE', (row) => sourceOf(row)],
  ['MODEL', 'model'],
  ['STATE', (row) => stateOf(row)],
  ['SHARE', (row) => percent(row['share'])],
  ['PLACE ms', (row) => ms(row['admitted_ms'])],
  ['BEGAN ms', (row) => ms(row['first_piece_ms'])],
  ['ENDED ms', (row) => ms(row['ended_ms'])],
  ['TOKENS', 'tokens'],
  ['COST', (row) => usd(row['cost_usd_micros'])],
];

const ASKED: readonly Column[] = [
  ['QUESTION', 'id'],
  ['ROLE', 'role'],
  ['SOURCE', 'source'],
  ['ANSWERED', 'answered'],
  ['ASKED ms', (row) => ms(row['asked_ms'])],
  ['ENDED ms', (row) => ms(row['ended_ms'])],
  ['TOKENS', 'tokens'],
  ['COST', (row) => usd(row['cost_usd_micros'])],
];

/** A session for people: who said what and when, where answers differ, and why the result came out. */
export function report(detail: Row, replay: Row | undefined, style: ReportStyle): string {
  const parts = [
    head(detail),
    table(rowsIn(detail, 'lanes'), LANES),
    asked(detail),
    order(detail),
    answers(detail, style),
    said(detail, style),
    result(detail, style),
    why(detail, style),
    timing(detail),
    replay === undefined ? unreplayed(detail) : replayed(replay, style),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function head(detail: Row): string {
  const { call_id, policy, mode, strategy, outcome, error, tenant, cost_usd_micros, tokens, started_ms } = detail;
  const failed = typeof error === 'string' ? ` (${printable(error)})` : '';
  const at = typeof started_ms === 'number' ? `${new Date(started_ms).toISOString()}, ` : '';
  return (
    `SESSION ${shown(call_id)}: policy ${shown(policy)}, ${shown(mode)}, ${shown(strategy)}: ${shown(outcome)}${failed}\n` +
    `${at}tenant ${shown(tenant)}, ${shown(tokens)} tokens, ${usd(cost_usd_micros)}\n`
  );
}

function asked(detail: Row): string {
  const rows = rowsIn(detail, 'follow_ups');
  return rows.length === 0 ? '' : table(rows, ASKED);
}

/** What happened, one line each. */
function order(detail: Row): string {
  const steps = rowsIn(rowIn(detail, 'session'), 'steps');
  if (steps.length === 0) return '';
  const names = new Map(rowsIn(detail, 'lanes').map((lane) => [numberIn(lane, 'lane'), sourceOf(lane)]));
  const lines = steps.map((step) => {
    const lane = numberIn(step, 'lane');
    const who = lane === undefined ? '' : `lane ${lane} (${names.get(lane) ?? '-'}) `;
    return `${ms(step['at_ms']).padStart(10)} ms  ${who}${happened(step)}`;
  });
  return `ORDER\n${lines.join('\n')}\n`;
}

function happened(step: Row): string {
  switch (step['type']) {
    case 'admitted':
      return 'has a place';
    case 'final':
      return step['is_cut'] === true ? 'has answered, cut short by its budget' : 'has answered';
    case 'failed':
    case 'rejected':
      return `${step['type']}: ${shown(step['error'])}`;
    case 'follow_up':
      return `question ${shown(step['id'])} is over`;
    case 'timer':
      return `time is up: ${shown(step['timer'])}`;
    default:
      return shown(step['type']);
  }
}

function answers(detail: Row, style: ReportStyle): string {
  const lanes = rowsIn(rowIn(detail, 'session'), 'lanes').filter((lane) => textIn(lane, 'text') !== '');
  if (lanes.length === 0) return '';
  const names = new Map(rowsIn(detail, 'lanes').map((lane) => [numberIn(lane, 'lane'), sourceOf(lane)]));
  const shares = rowsIn(rowIn(detail, 'heatmap_summary'), 'lanes');
  const blocks = lanes.map((lane) => {
    const n = numberIn(lane, 'lane') ?? -1;
    const own = shares.find((one) => numberIn(one, 'lane') === n);
    const shared = own === undefined ? '' : `, ${percent(own['shared'])} said by others, too`;
    return `lane ${n} (${names.get(n) ?? '-'})${shared}\n${prose(lane, style, heatOfLane(detail, n))}`;
  });
  const legend = style.has_color ? COLOR_LEGEND : MARK_LEGEND;
  const explained = lanes.length > 1 ? `ANSWERS; ${legend}\n` : 'ANSWERS\n';
  return `${explained}${blocks.join('\n')}`;
}

/** What others than the lanes said. */
function said(detail: Row, style: ReportStyle): string {
  const all = rowsIn(rowIn(detail, 'session'), 'follow_ups').filter((one) => textIn(one, 'text') !== '');
  const blocks = all.map((one) => `${shown(one['role'])} ${shown(one['source'])}\n${prose(one, style)}`);
  return blocks.length === 0 ? '' : `ASKED ABOUT THEM\n${blocks.join('\n')}`;
}

function result(detail: Row, style: ReportStyle): string {
  const of = rowIn(rowIn(detail, 'session'), 'result');
  if (textIn(of, 'text') === '') return '';
  const lane = numberIn(of, 'lane');
  return `RESULT, ${lane === undefined ? 'put together' : `of lane ${lane}`}\n${prose(of, style)}`;
}

function why(detail: Row, style: ReportStyle): string {
  const session = rowIn(detail, 'session');
  const whole = (name: string): readonly string[] =>
    textsIn(session, name).length > 0 ? textsIn(session, name) : textsIn(detail, name);
  const { raw, calibrated } = rowIn(detail, 'confidence');
  const { agreement, escalation, challenger, provisional, revisions } = detail;
  const lines = [
    ...whole('decision'),
    ...whole('uncertainties').map((line) => `uncertain: ${line}`),
    ...(textIn(session, 'failure') === '' ? [] : [textIn(session, 'failure')]),
    `agreement ${share(agreement)}, confidence ${share(raw)}, calibrated ${share(calibrated)}`,
    ...(typeof escalation === 'string' ? [`escalated: ${escalation}`] : []),
    ...(typeof challenger === 'string' ? [`challenger: ${challenger}`] : []),
    ...(provisional === 0 ? [] : [`${shown(provisional)} provisional results, ${shown(revisions)} revisions`]),
    ...arbiter(rowIn(detail, 'arbiter')),
  ];
  return `WHY\n${listed(lines, style)}`;
}

function arbiter({ used, refused_by_cap }: Row): readonly string[] {
  if (refused_by_cap === true) return ['the arbiter was not asked: its cap was too small'];
  return used === true ? ['the arbiter was asked'] : [];
}

function timing(detail: Row): string {
  const { dispatch_ms, stream_ms, reconcile_ms, complete_ms } = rowIn(detail, 'timing');
  return `TIME dispatch ${ms(dispatch_ms)} ms, stream ${ms(stream_ms)} ms, reconcile ${ms(reconcile_ms)} ms, in all ${ms(complete_ms)} ms\n`;
}

function unreplayed({ answers: state }: Row): string {
  if (state === 'not_readable') return 'REPLAY: what was said is sealed with a key that this router does not have.\n';
  return 'REPLAY: what was said was not kept (consensus.keep_answers).\n';
}

function replayed(replay: Row, style: ReportStyle): string {
  const { strategy, recorded_strategy, same } = replay;
  const now = rowIn(replay, 'result');
  const is_other = strategy !== recorded_strategy;
  const verdict = same === true ? 'the same result' : 'another result';
  const doubts = [
    ...textsIn(replay, 'unanswered').map((id) => `question ${id} was never asked, and has no answer`),
    ...textsIn(replay, 'doubts'),
  ];
  const reasons = [...textsIn(now, 'decision'), ...doubts.map((line) => `but: ${line}`)];
  const lane = numberIn(now, 'lane');
  const what =
    textIn(now, 'text') === ''
      ? `no result: ${shown(replay['failure'])}\n`
      : `${lane === undefined ? 'put together' : `lane ${lane}`}\n${prose(now, style)}`;
  const body = same === true && !is_other ? '' : what;
  return `REPLAY by ${shown(strategy)}${is_other ? ` in place of ${shown(recorded_strategy)}` : ''}: ${verdict}\n${body}${listed(reasons, style)}`;
}

function prose(of: Row, { width, has_color }: ReportStyle, heat?: Parameters<typeof heatText>[1]): string {
  const lines = heatText(
    textIn(of, 'text'),
    heat,
    Math.max(20, width - INDENT.length),
    has_color && heat !== undefined,
  );
  const cut = of['is_cut'] === true ? [`… cut here, it has ${shown(of['chars'])} characters`] : [];
  return [...lines, ...cut].map((line) => `${INDENT}${line}\n`).join('');
}

const INDENT = '    ';

function listed(lines: readonly string[], { width }: ReportStyle): string {
  return lines
    .flatMap((line) => wrap(printable(line), width - 4, 100).map((text, i) => `${i === 0 ? '  - ' : INDENT}${text}\n`))
    .join('');
}

function sourceOf({ source, clone }: Row): string {
  return typeof clone === 'number' && clone > 0 ? `${shown(source)}#${clone}` : shown(source);
}

function stateOf({ state, error, reason }: Row): string {
  const cause = error ?? reason;
  return cause === null || cause === undefined ? shown(state) : `${shown(state)}: ${shown(cause)}`;
}

function ms(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(1) : '-';
}

function percent(value: unknown): string {
  return typeof value === 'number' ? `${Math.round(value * 100)} %` : '-';
}

function share(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(2) : '-';
}
