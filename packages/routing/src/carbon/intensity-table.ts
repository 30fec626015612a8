import { isJsonObject } from '@atp-router/kernel';

/** What a kilowatt-hour emits in a region while it holds. */
export interface IntensityRow {
  readonly region: string;
  readonly g_per_kwh: number;
  /** Wall clock, ms since the epoch: this moment included, that one not. */
  readonly from_ms: number;
  readonly to_ms: number;
}

/** Where the values stand in what a source says: names of members, with dots between those inside each other. */
export interface IntensityMapping {
  /** Of the list of rows; empty: the answer is the list, or the one row. */
  readonly list: string;
  readonly region: string;
  readonly g_per_kwh: string;
  readonly valid_from: string;
  readonly valid_to: string;
  /** Grams for a kilowatt-hour in one of its units: 0.4536 for pounds for a megawatt-hour. */
  readonly factor: number;
}

/** A year of hours of one region, or a day of those of four hundred. */
export const INTENSITY_ROWS_MAX = 10_000;
const G_PER_KWH_MAX = 10_000;
const REGION_CHARS_MAX = 128;

export type IntensityRows =
  | { readonly ok: true; readonly rows: readonly IntensityRow[] }
  | { readonly ok: false; readonly problem: string };

/** Reads rows as a source says them. `region`: whose they are where they do not say it, because it was asked for. */
export function intensityRows(value: unknown, mapping: IntensityMapping, region?: string): IntensityRows {
  const found = at(value, mapping.list);
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (list.length > INTENSITY_ROWS_MAX) return wrong(`there are more than ${INTENSITY_ROWS_MAX} rows`);
  const rows: IntensityRow[] = [];
  for (const [i, one] of list.entries()) {
    const row = rowOf(one, mapping, region);
    if (typeof row === 'string') return wrong(`row ${i + 1}: ${row}`);
    rows.push(row);
  }
  return { ok: true, rows };
}

/** Comma-separated values with a head; quotes around a value are taken off. */
export function intensityCsv(text: string, mapping: IntensityMapping): IntensityRows {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > INTENSITY_ROWS_MAX) return wrong(`there are more than ${INTENSITY_ROWS_MAX} rows`);
  const cells = (line: string): string[] => line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  const names = cells(head);
  const entries = lines.map((line) => new Map(cells(line).map((cell, i) => [names[i] ?? '', cell])));
  return intensityRows(
    entries.map((entry) => Object.fromEntries(entry)),
    { ...mapping, list: '' },
  );
}

/** Of the rows that hold now, the one that began last counts. */
export class IntensityTable {
  readonly #regions: ReadonlyMap<string, readonly IntensityRow[]>;

  constructor(rows: readonly IntensityRow[]) {
    const latest = [...rows].sort((a, b) => b.from_ms - a.from_ms);
    const regions = new Map<string, IntensityRow[]>();
    for (const row of latest) {
      const of = regions.get(row.region);
      if (of === undefined) regions.set(row.region, [row]);
      else of.push(row);
    }
    this.#regions = regions;
  }

  /** Undefined: nothing is said of it now. */
  at(region: string, now_ms: number): number | undefined {
    return this.#regions.get(region)?.find(({ from_ms, to_ms }) => from_ms <= now_ms && now_ms < to_ms)?.g_per_kwh;
  }
}

function rowOf(one: unknown, mapping: IntensityMapping, asked: string | undefined): IntensityRow | string {
  const region = asked ?? at(one, mapping.region);
  if (typeof region !== 'string' || region === '' || region.length > REGION_CHARS_MAX) {
    return `"${mapping.region}" has to be the name of a region`;
  }
  const said = at(one, mapping.g_per_kwh);
  const number = typeof said === 'string' && said !== '' ? Number(said) : said;
  const g_per_kwh = typeof number === 'number' ? number * mapping.factor : Number.NaN;
  if (!(g_per_kwh >= 0 && g_per_kwh <= G_PER_KWH_MAX)) {
    return `"${mapping.g_per_kwh}" has to be a number, and to come to 0 to ${G_PER_KWH_MAX} grams`;
  }
  const from_ms = timeOf(at(one, mapping.valid_from), Number.NEGATIVE_INFINITY);
  const to_ms = timeOf(at(one, mapping.valid_to), Number.POSITIVE_INFINITY);
  if (Number.isNaN(from_ms) || Number.isNaN(to_ms)) return 'a time has to be as RFC 3339 has it, or ms since the epoch';
  return { region, g_per_kwh, from_ms, to_ms };
}

/** Not a number: it is none. */
function timeOf(value: unknown, open: number): number {
  if (value === undefined || value === null || value === '') return open;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  if (/^\d{11,14}$/.test(value)) return Number(value);
  return RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
}

/** With its offset: a time without one would be another on each machine. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/;

function at(value: unknown, path: string): unknown {
  if (path === '') return value;
  let found = value;
  for (const name of path.split('.')) {
    found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

function wrong(problem: string): IntensityRows {
  return { ok: false, problem };
}
