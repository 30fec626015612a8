import { type Column, drawTable } from './columns.ts';
import type { Flow, FlowTier, Gauge, Total } from './flow.ts';
import { gauge, type Glyphs, sparkline } from './glyphs.ts';
import { amount, milliseconds, rate } from './numbers.ts';
import { highestOf, minuteOf } from './rates.ts';
import { type Line, plain, type Style, span } from './spans.ts';
import type { Known } from './state.ts';

/** Jain's index below it is worth a look, and below the other unfair. */
const FAIR = 0.9;
const UNFAIR = 0.7;

/** A line for each tier. */
export function tierTable(flow: Flow, { rates, history }: Known, width: number, glyphs: Glyphs): Line[] {
  // Tiers are compared with each other: bars and heights have the same scale in all of them.
  const most_waiting = Math.max(1, highestOf(history));
  const sum_in_flight = flow.tiers.reduce((sum, { in_flight }) => sum + in_flight, 0);
  const now_ms = history.at(-1)?.at_ms ?? 0;
  const per_s =
    (name: Total, style: Style) =>
    ({ qos }: FlowTier): Line => {
      const value = rates?.[qos][name];
      return [span(value === undefined ? '-' : rate(value), value === undefined || value === 0 ? 'dim' : style)];
    };
  const columns: readonly Column<FlowTier>[] = [
    { head: 'TIER', least: 6, most: 6, rank: 0, cell: ({ qos }) => [span(qos, 'strong')] },
    measured('WAITING', 1, ({ waiting }) => scale(waiting, most_waiting), glyphs),
    {
      ...{ head: 'LAST 60s', least: 10, most: 60, rank: 10 },
      cell: ({ qos }, room) => plain(sparkline(minuteOf(history, qos, now_ms, room), most_waiting, glyphs)),
    },
    measured('RUNNING', 1, ({ in_flight }) => scale(in_flight, Math.max(1, sum_in_flight)), glyphs),
    number('GRANT/s', 7, 2, per_s('granted', 'plain')),
    number('P50', 6, 4, ({ wait_p50_ms }) => plain(milliseconds(wait_p50_ms))),
    number('P99', 6, 3, ({ wait_p99_ms }) => plain(milliseconds(wait_p99_ms))),
    number('JAIN', 4, 5, ({ jain }) => [span(jain.toFixed(2), jain < UNFAIR ? 'bad' : jain < FAIR ? 'warn' : 'plain')]),
    number('PRE/s', 5, 7, per_s('preempted', 'warn')),
    number('SHED/s', 6, 6, per_s('shed', 'bad')),
    number('DENY/s', 6, 8, per_s('denied', 'bad')),
    number('EXP/s', 5, 11, per_s('expired', 'bad')),
    number('STARVED', 7, 12, ({ totals }) => [span(amount(totals.starved), totals.starved > 0 ? 'warn' : 'dim')]),
    number('TOKENS', 6, 13, ({ tokens_outstanding }) => plain(amount(tokens_outstanding))),
  ];
  return drawTable(columns, flow.tiers, width, glyphs.sorted);
}

const scale = (outstanding: number, limit: number): Gauge => ({ outstanding, window: limit, limit });

const BAR_MOST = 12;

/** Of the number beside a bar. */
const NUMBER_WIDTH = 5;

/** A number with a bar left of it, where there is room. */
function measured(head: string, rank: number, of: (tier: FlowTier) => Gauge, glyphs: Glyphs): Column<FlowTier> {
  const cell = (tier: FlowTier, width: number): Line => {
    const value = of(tier);
    return gauge(value, amount(value.outstanding), NUMBER_WIDTH, width, glyphs);
  };
  return { head, least: head.length, most: NUMBER_WIDTH + 1 + BAR_MOST, rank, is_right: true, cell };
}

function number(head: string, least: number, rank: number, cell: (tier: FlowTier) => Line): Column<FlowTier> {
  return { head, least, most: least, rank, is_right: true, cell };
}
