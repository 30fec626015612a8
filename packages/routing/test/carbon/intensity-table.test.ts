import { describe, expect, it } from 'vitest';
import {
  type IntensityMapping,
  intensityCsv,
  type IntensityRows,
  intensityRows,
  IntensityTable,
} from '../../src/index.ts';

const PLAIN: IntensityMapping = {
  ...{ list: '', region: 'region', g_per_kwh: 'g_per_kwh', valid_from: 'valid_from', valid_to: 'valid_to', factor: 1 },
};
const NOON = Date.parse('2026-12-01T12:00:00Z');

function tableOf(read: IntensityRows): IntensityTable {
  if (!read.ok) throw new Error(read.problem);
  return new IntensityTable(read.rows);
}

describe('rows of intensities', () => {
  it('of a file: the one that holds now and began last counts', () => {
    const csv =
      'region,g_per_kwh,valid_from,valid_to\r\n"north",240,,\nnorth,100,2026-12-01T12:00:00Z,2026-12-01T13:00:00Z\nsouth,50,,2026-12-01T12:00:00Z\n';
    const table = tableOf(intensityCsv(csv, PLAIN));
    expect([table.at('north', NOON - 1), table.at('north', NOON), table.at('north', NOON + 3_600_000)]).toEqual([
      ...[240, 100, 240],
    ]);
    expect([table.at('south', NOON - 1), table.at('south', NOON), table.at('constructor', NOON)]).toEqual([
      ...[50, undefined, undefined],
    ]);
  });

  it('have times as milliseconds, too, and none without an offset', () => {
    const at = (time: string): IntensityRows => intensityCsv(`region,g_per_kwh,valid_from\nnorth,100,${time}\n`, PLAIN);
    expect(tableOf(at(String(NOON))).at('north', NOON)).toBe(100);
    expect(tableOf(at('2026-12-01T13:00:00+01:00')).at('north', NOON)).toBe(100);
    for (const time of ['1', '2026', '2026-12-01', '2026-12-01T12:00:00', 'noon'])
      expect(at(time).ok, time).toBe(false);
  });

  it('of servers that say it in words and units of their own', () => {
    // As Electricity Maps answers for one zone, and WattTime in pounds for a megawatt-hour.
    const one = intensityRows({ zone: 'DE', carbonIntensity: 302 }, { ...PLAIN, g_per_kwh: 'carbonIntensity' }, 'de-1');
    expect(tableOf(one).at('de-1', NOON)).toBe(302);
    const mapping = { ...PLAIN, list: 'data', g_per_kwh: 'value', valid_from: 'point_time', factor: 0.4536 };
    const many = intensityRows({ data: [{ value: 1_000, point_time: '2026-12-01T11:55:00Z' }] }, mapping, 'us-1');
    expect(tableOf(many).at('us-1', NOON)).toBeCloseTo(453.6, 6);
    expect(tableOf(many).at('us-1', NOON - 3_600_000)).toBeUndefined();
    const nested = { ...PLAIN, list: 'a.b', region: 'in.name', g_per_kwh: 'in.g' };
    expect(tableOf(intensityRows({ a: { b: [{ in: { name: 'x', g: 0 } }] } }, nested)).at('x', NOON)).toBe(0);
  });

  it.each([
    [[{ region: 'x' }], 'row 1: "g_per_kwh"'],
    [[{ region: 'x', g_per_kwh: '' }], 'row 1: "g_per_kwh"'],
    [[{ region: 'x', g_per_kwh: -1 }], 'row 1: "g_per_kwh"'],
    [[{ region: 'x', g_per_kwh: 10_001 }], 'row 1: "g_per_kwh"'],
    [[{ region: 7, g_per_kwh: 1 }], 'row 1: "region"'],
    [[{ region: 'x', g_per_kwh: 1, valid_from: 'soon' }], 'row 1: a time'],
    [null, 'row 1: "region"'],
    [Array.from({ length: 10_001 }, () => ({ region: 'x', g_per_kwh: 1 })), 'more than 10000 rows'],
  ])('that are none are refused whole', (value, says) => {
    const read = intensityRows(value, PLAIN);
    expect(read.ok ? '' : read.problem).toContain(says);
  });
});
