import { UNICODE, type Glyphs } from './glyphs.ts';
import { summaryLine, titleLine } from './header.ts';
import { accountTable, tenantTable } from './lists.ts';
import { plan, type Plan, type Size } from './plan.ts';
import { cutLine, type Line, plain, span } from './spans.ts';
import { seen, type TopState } from './state.ts';
import { tierTable } from './tiers.ts';

/** The whole screen: at most so many lines, none longer than there are columns. `now_ms` is the clock of the samples. */
export function frame(state: TopState, size: Size, now_ms: number, glyphs: Glyphs = UNICODE): Line[] {
  const { columns, rows } = size;
  const planned = plan(state, size, glyphs.is_ascii);
  const lines = [
    titleLine(state, now_ms, columns, glyphs),
    ...planned.banner.map((text): Line => [span(text, 'bad')]),
    ...(state.is_help ? help(glyphs) : body(state, planned, columns, glyphs)),
  ];
  const room = planned.has_keys ? rows - 1 : rows;
  const whole = Number.isFinite(rows) ? filled(lines.slice(0, Math.max(0, room)), room) : lines;
  const all = planned.has_keys ? [...whole, keysLine(state)] : whole;
  return all.map((line) => cutLine(line, columns));
}

/** The line of keys stands at the bottom, and nothing of an earlier frame is left above it. */
function filled(lines: Line[], room: number): Line[] {
  while (lines.length < room) lines.push([]);
  return lines;
}

function body(state: TopState, planned: Plan, width: number, glyphs: Glyphs): Line[] {
  const known = seen(state);
  if (known.sample === undefined) return [];
  const { flow } = known.sample;
  const gap: Line[] = planned.has_gaps ? [[]] : [];
  const look = { state, width, glyphs };
  const accounts = state.view === 'tenants' ? [] : [...gap, ...accountTable(planned, flow.accounts_total, look)];
  const tenants = state.view === 'accounts' ? [] : [...gap, ...tenantTable(planned, flow.tenants_total, look)];
  return [
    ...(planned.has_summary ? [summaryLine(flow, known.rates, width, glyphs)] : []),
    ...gap,
    ...tierTable(flow, known, width, glyphs),
    ...accounts,
    ...tenants,
  ];
}

function keysLine({ view, sort, frozen }: TopState): Line {
  const key = (name: string, does: string): Line => [span(name, 'strong'), span(` ${does}  `, 'dim')];
  return [
    ...key('q', 'quit'),
    ...key('p', frozen === undefined ? 'pause' : 'go on'),
    ...key('s', `sort: ${sort}`),
    ...key('tab', `view: ${view}`),
    ...key('j/k', 'scroll'),
    ...key('?', 'help'),
  ];
}

function help({ free, barred, fill, sorted }: Glyphs): Line[] {
  const example = `${(fill.at(-1) ?? '').repeat(3)}${free.repeat(2)}${barred.repeat(5)}`;
  const rows: readonly (readonly [string, string])[] = [
    ['q, Ctrl-C', 'quit'],
    ['p, space', 'pause, go on; the router is still asked'],
    ['s, S', 'next, previous order: waiting, calls, tokens, burn, name'],
    ['1 2 3, tab', 'all, accounts, tenants'],
    ['j k, arrows', 'scroll; also PgUp, PgDn, Home, End (of tenants, where both lists are shown)'],
    ['?, h, Esc', 'this help, and back'],
    ['', ''],
    [example, '3/5<10: three held, five may be now, ten is the limit'],
    ['name !', 'waits at this account are above its high mark'],
    [`HEAD${sorted}`, 'rows are sorted by this column'],
    ['WAIT', 'what a bronze demand that comes now is told to wait'],
    ['TODAY', 'used of the budget of the day that is nearest to its end ($, tokens, calls)'],
    ['SPENT IN', "until a tenant's budget of the day is spent at this rate"],
    ['JAIN', 'fairness among tenants that had to wait: 1 is fair'],
    ['PRE SHED DENY EXP', 'stopped for a better tier, too many waited, refused at once, waited in vain'],
    ['LAST 60s', 'what waited, newest right; same scale for all tiers'],
  ];
  return rows.map(([name, does]) => (name === '' ? plain('') : [span(name.padEnd(18), 'strong'), span(does)]));
}
