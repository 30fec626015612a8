import { type Column, drawTable, nameWidth } from './columns.ts';
import { DAY_UNITS, type DayUnit, type FlowAccount, type FlowTenant, type Gauge } from './flow.ts';
import { BAR_MIN, gauge, gaugeText, type Glyphs } from './glyphs.ts';
import { amount, dollars, milliseconds, seconds } from './numbers.ts';
import type { Plan } from './plan.ts';
import { type Line, plain, span } from './spans.ts';
import type { TopState } from './state.ts';
import type { Sort } from './sorts.ts';
import { cut, escaped, textWidth } from './text.ts';

interface Look {
  readonly state: TopState;
  readonly width: number;
  readonly glyphs: Glyphs;
}

/** Names of accounts begin with their kind. */
const ACCOUNT_LEAST = 17;
const TENANT_LEAST = 12;
const NAME_MOST = 48;
/** From here on a heading that counts is whole, before columns that matter less. */
const WIDE = 96;
/** Behind the name of an account where waits are above the high mark. */
const MARK = ' !';

/** Accounts that are shown, under their heading. `total` is what the router has of them. */
export function accountTable({ accounts }: Plan, total: number, { state, width, glyphs }: Look): Line[] {
  const { sort } = state;
  const head = counted('ACCOUNT', accounts, total);
  const names = [`${head}${glyphs.sorted}`, ...accounts.rows.map(({ account }) => escaped(account, glyphs.is_ascii))];
  const columns: readonly Column<FlowAccount>[] = [
    {
      ...{ head, rank: 0, is_sorted: sort === 'name' },
      ...{ least: ACCOUNT_LEAST, most: nameWidth(names, ACCOUNT_LEAST, NAME_MOST) + MARK.length },
      cell: ({ account, pressed }, room) => [
        span(cut(escaped(account, glyphs.is_ascii), room - MARK.length, glyphs.more)),
        span(pressed ? MARK : '', 'bad'),
      ],
    },
    ...held<FlowAccount>(sort, glyphs),
    {
      ...{ head: 'QUEUE G/S/B', least: 12, most: 12, rank: 2, is_right: true, is_sorted: sort === 'waiting' },
      cell: ({ waiting: { gold, silver, bronze } }) => [
        span([gold, silver, bronze].map(amount).join('/'), gold + silver + bronze > 0 ? 'strong' : 'dim'),
      ],
    },
    {
      ...{ head: 'RUN G/S/B', least: 11, most: 11, rank: 7, is_right: true },
      cell: ({ in_flight: { gold, silver, bronze } }) => plain([gold, silver, bronze].map(amount).join('/')),
    },
    {
      ...{ head: 'WAIT', least: 6, most: 6, rank: 5, is_right: true },
      cell: ({ wait_ms }) => (wait_ms === undefined ? [span('-', 'dim')] : plain(milliseconds(wait_ms))),
    },
  ];
  return drawTable(columns, accounts.shown, width, glyphs.sorted);
}

/** An hour is time to act, a day time to plan. */
const SOON_MINUTES = 60;
const TODAY_MINUTES = 24 * 60;

export function tenantTable({ tenants }: Plan, total: number, { state, width, glyphs }: Look): Line[] {
  const { sort } = state;
  const head = counted('TENANT', tenants, total);
  const least = width < WIDE ? TENANT_LEAST : Math.max(TENANT_LEAST, textWidth(head));
  const names = [`${head}${glyphs.sorted}`, ...tenants.rows.map(({ tenant }) => escaped(tenant, glyphs.is_ascii))];
  const columns: readonly Column<FlowTenant>[] = [
    {
      ...{ head, rank: 0, is_sorted: sort === 'name' },
      ...{ least, most: nameWidth(names, least, NAME_MOST) },
      cell: ({ tenant }, room) => plain(cut(escaped(tenant, glyphs.is_ascii), room, glyphs.more)),
    },
    {
      ...{ head: 'WEIGHT', least: 6, most: 6, rank: 7, is_right: true },
      cell: ({ weight }) => [span(amount(weight), 'dim')],
    },
    {
      ...{ head: 'WAITING', least: 8, most: 8, rank: 1, is_right: true, is_sorted: sort === 'waiting' },
      cell: ({ waiting }) => [span(amount(waiting), waiting > 0 ? 'strong' : 'dim')],
    },
    ...held<FlowTenant>(sort === 'burn' ? 'name' : sort, glyphs),
    {
      ...{ head: 'TODAY', least: TODAY_LEAST, most: TODAY_LEAST + 1 + BAR_MOST, rank: 3, is_right: true },
      cell: ({ today }, room) => todayCell(today, room, glyphs),
    },
    {
      ...{ head: 'BURN/min', least: 9, most: 9, rank: 2, is_right: true, is_sorted: sort === 'burn' },
      cell: ({ burn_usd_micros_per_minute: burn }) => [span(dollars(burn), burn > 0 ? 'plain' : 'dim')],
    },
    {
      ...{ head: 'SPENT IN', least: 8, most: 8, rank: 3, is_right: true },
      cell: ({ exhaustion_minutes }) => exhaustion(exhaustion_minutes),
    },
  ];
  return drawTable(columns, tenants.shown, width, glyphs.sorted);
}

/** `$9.71k/$10.0k` */
const TODAY_LEAST = 13;

/** The budget of which the greatest part is used; what was spent where there is none. */
function todayCell(today: FlowTenant['today'], width: number, glyphs: Glyphs): Line {
  if (today === undefined) return [span('-', 'dim')];
  const [unit = 'usd_micros'] = DAY_UNITS.filter((one) => today[one].limit !== undefined).sort(
    (a, b) => partOf(today[b]) - partOf(today[a]),
  );
  return gauge(today[unit], gaugeText(today[unit], WORDS[unit]), TODAY_LEAST, width, glyphs);
}

/** All of a budget of nothing is used. */
function partOf({ outstanding, limit = 0 }: Gauge): number {
  return limit === 0 ? 1 : outstanding / limit;
}

const WORDS: Readonly<Record<DayUnit, (n: number) => string>> = {
  usd_micros: dollars,
  tokens: (n) => `${amount(n)}t`,
  calls: (n) => `${amount(n)}c`,
};

function exhaustion(minutes: number | undefined): Line {
  if (minutes === undefined) return [span('-', 'dim')];
  const style = minutes < SOON_MINUTES ? 'bad' : minutes < TODAY_MINUTES ? 'warn' : 'plain';
  return [span(seconds(minutes * 60), style)];
}

const BAR_MOST = 24;

/** Calls, tokens and money that are held of their windows. */
function held<Row extends Pick<FlowAccount, 'calls' | 'tokens' | 'usd_micros'>>(
  sort: Sort,
  glyphs: Glyphs,
): Column<Row>[] {
  const column = (
    head: string,
    text_width: number,
    rank: number,
    of: (row: Row) => Gauge,
    words: (n: number) => string,
  ): Column<Row> => ({
    ...{ head, rank, least: text_width, most: text_width + 1 + BAR_MOST, is_right: true },
    cell: (row, width) => gauge(of(row), gaugeText(of(row), words), text_width, width, glyphs),
  });
  const calls = column('CALLS', 11, 1, (row) => row.calls, amount);
  return [
    // One bar there is on any screen.
    { ...calls, least: calls.least + 1 + BAR_MIN, is_sorted: sort === 'calls' },
    { ...column('TOKENS', 12, 4, (row) => row.tokens, amount), is_sorted: sort === 'tokens' },
    { ...column('MONEY', 13, 6, (row) => row.usd_micros, dollars), is_sorted: sort === 'burn' },
  ];
}

/** `TENANT 11-20/345`, when not all are to be seen; `of` is more than that when the router has not sent all. */
function counted(head: string, { rows, first, shown }: Plan['tenants'] | Plan['accounts'], total: number): string {
  const of = total > SENT_MAX ? `${amount(rows.length)} of ${amount(total)}` : amount(rows.length);
  if (shown.length === rows.length) return total > SENT_MAX ? `${head} ${of}` : head;
  return shown.length === 0 ? `${head} 0/${of}` : `${head} ${first + 1}-${first + shown.length}/${of}`;
}

/** Entries of a list that the router sends. */
const SENT_MAX = 1_000;
