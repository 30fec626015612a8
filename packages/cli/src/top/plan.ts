import type { FlowAccount, FlowTenant } from './flow.ts';
import { accountRows, tenantRows } from './rows.ts';
import { type Reach, seen, type TopState } from './state.ts';
import { escaped, wrap } from './text.ts';

export interface Size {
  readonly columns: number;
  /** Infinite for a frame that is printed and not shown: it has all rows, and no line of keys. */
  readonly rows: number;
}

/** A part of a list: what is shown of it, and how many there are. */
interface Part<Row> {
  readonly rows: readonly Row[];
  /** Place of the first in the list. */
  readonly first: number;
  readonly shown: readonly Row[];
}

/** What goes where on a screen of a size. */
export interface Plan extends Reach {
  readonly banner: readonly string[];
  /** Lines between the parts. */
  readonly has_gaps: boolean;
  readonly has_summary: boolean;
  readonly has_keys: boolean;
  readonly accounts: Part<FlowAccount>;
  readonly tenants: Part<FlowTenant>;
}

const BANNER_LINES = 3;
/** Below so many rows each line counts. */
const GAPS_ROWS = 20;
const KEYS_ROWS = 10;
const SUMMARY_ROWS = 6;
/** A heading and the three tiers. */
const TIER_LINES = 4;

export function plan(state: TopState, { columns, rows }: Size, is_ascii: boolean): Plan {
  const { link, view, scroll } = state;
  const { sample } = seen(state);
  const banner = link.kind === 'up' ? [] : wrap(`! ${escaped(link.message, is_ascii)}`, columns, BANNER_LINES);
  const has_gaps = rows >= GAPS_ROWS;
  const has_summary = rows >= SUMMARY_ROWS;
  const has_keys = rows >= KEYS_ROWS && Number.isFinite(rows);
  const fixed = 1 + banner.length + (has_summary ? 1 : 0) + TIER_LINES + (has_keys ? 1 : 0) + (has_gaps ? 2 : 0);
  const free = Math.max(0, rows - fixed);
  const accounts = sample === undefined || view === 'tenants' ? [] : accountRows(sample.flow, state);
  const tenants = sample === undefined || view === 'accounts' ? [] : tenantRows(sample.flow, state);
  const [accounts_room, tenants_room] =
    view === 'all' ? shared(free - (has_gaps ? 1 : 0), accounts.length, tenants.length) : [free - 1, free - 1];
  const is_accounts = view === 'accounts';
  const [rows_in_reach, room] = is_accounts ? [accounts.length, accounts_room] : [tenants.length, tenants_room];
  const page = Math.max(1, Math.min(room, rows_in_reach));
  const scroll_max = Math.max(0, rows_in_reach - Math.max(0, room));
  const first = Math.max(0, Math.min(scroll, scroll_max));
  return {
    ...{ banner, has_gaps, has_summary, has_keys, page, scroll_max },
    accounts: part(accounts, is_accounts ? first : 0, accounts_room),
    tenants: part(tenants, is_accounts ? 0 : first, tenants_room),
  };
}

/** Rows of two lists that share a place, each with its heading: half for each, and what one does not need for the other. */
function shared(free: number, one: number, other: number): readonly [number, number] {
  const room = Math.max(0, free - 2);
  const half = Math.ceil(room / 2);
  if (one <= half) return [one, room - one];
  return other <= room - half ? [room - other, other] : [half, room - half];
}

function part<Row>(rows: readonly Row[], first: number, room: number): Part<Row> {
  return { rows, first, shown: rows.slice(first, first + Math.max(0, room)) };
}
