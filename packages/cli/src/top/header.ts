import type { Flow } from './flow.ts';
import { bar, type Glyphs } from './glyphs.ts';
import { amount, clockTime, milliseconds, rate, seconds } from './numbers.ts';
import type { Rates } from './rates.ts';
import { type Line, lineWidth, plain, span } from './spans.ts';
import { seen, type TopState } from './state.ts';
import { escaped } from './text.ts';

/** A part of a line; the highest rank is left out first where there is no room. */
type Piece = readonly [rank: number, line: Line];

/** Pieces with two spaces between them, as many as fit. */
function fitting(pieces: readonly Piece[], width: number): Line {
  let kept = [...pieces];
  const needs = (): number => kept.reduce((sum, [, line]) => sum + lineWidth(line), 2 * (kept.length - 1));
  while (kept.length > 1 && needs() > width) {
    const worst = Math.max(...kept.map(([rank]) => rank));
    kept = kept.filter(([rank]) => rank < worst);
  }
  return kept.flatMap(([, line], at) => (at === 0 ? line : [span('  '), ...line]));
}

/** Intervals after which an answer is old. */
const LATE_INTERVALS = 4;

/** Whom this shows, and how fresh it is. */
export function titleLine(state: TopState, now_ms: number, width: number, { is_ascii }: Glyphs): Line {
  const { sample } = seen(state);
  const { target, link } = state;
  const pieces: Piece[] = [[0, [span('atp top', 'head')]]];
  if (state.frozen !== undefined) pieces.push([1, [span('PAUSED', 'warn')]]);
  if (link.kind === 'down') {
    const left_s = Math.max(0, Math.ceil((link.again_at_ms - now_ms) / 1_000));
    pieces.push([1, [span(left_s === 0 ? 'asking again' : `asking again in ${left_s}s`, 'bad')]]);
  }
  const known_at_ms = state.known.sample?.at_ms ?? now_ms;
  const is_late = now_ms - known_at_ms > LATE_INTERVALS * target.interval_ms;
  if (is_late) pieces.push([2, [span(`last answer ${seconds((now_ms - known_at_ms) / 1_000)} ago`, 'bad')]]);
  if (sample !== undefined && sample.flow.node_id !== '') {
    pieces.push([5, [span(escaped(sample.flow.node_id, is_ascii), 'strong')]]);
  }
  pieces.push([4, plain(escaped(target.url, is_ascii))]);
  if (target.tenant !== undefined) pieces.push([3, [span(`tenant ${escaped(target.tenant, is_ascii)}`, 'strong')]]);
  if (sample !== undefined) {
    pieces.push([7, plain(`up ${seconds(sample.flow.uptime_s)}`)], [3, plain(clockTime(sample.flow.now_ms))]);
  }
  pieces.push([6, [span(`every ${milliseconds(target.interval_ms)}`, 'dim')]]);
  return fitting(pieces, width);
}

const WAITING_BAR = 20;

/** Sums over all tiers. */
export function summaryLine(flow: Flow, rates: Rates | undefined, width: number, glyphs: Glyphs): Line {
  const { waiting, max_waiting, calls_in_flight, lapsed_total } = flow;
  const room = { outstanding: waiting, window: max_waiting, limit: max_waiting };
  const granted = rates === undefined ? '-' : rate(rates.gold.granted + rates.silver.granted + rates.bronze.granted);
  return fitting(
    [
      [0, [span('calls '), span(amount(calls_in_flight), 'strong')]],
      [1, [span('waiting '), span(amount(waiting), 'strong'), span(`/${amount(max_waiting)}`)]],
      [4, bar(room, WAITING_BAR, glyphs)],
      [2, [span('grants '), span(`${granted}/s`, 'strong')]],
      [3, [span('lapsed ', 'dim'), span(amount(lapsed_total), lapsed_total > 0 ? 'warn' : 'dim')]],
    ],
    width,
  );
}
