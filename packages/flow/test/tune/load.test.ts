import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOAD_LIMITS, type Load, LoadError } from '../../src/tune/load/format.ts';
import { readLoad } from '../../src/tune/load/read.ts';
import { writeLoad } from '../../src/tune/load/write.ts';
import { DEFAULT_AIMD } from '../../src/window/aimd.ts';
import { callAt, SMALL } from './support.ts';

const LOAD: Load = { ...SMALL, arrivals: [callAt(0), callAt(10, { qos: 'gold', tenant: 't2' })] };
const TEXT = writeLoad(LOAD);

/** The least that is a load. */
const LEAST = [
  '{"atp_load":1,"duration_ms":60000,"objective":{"p95_ms":1000,"capacity_tokens_per_s":100},' +
    '"fleet":{"servers":1,"knee":4,"fixed_ms":100,"timeout_ms":5000}}',
  '{"at_ms":0,"tenant":"t1","in_tokens":1,"out_tokens":1}',
].join('\n');

function faultOf(text: string): LoadError {
  try {
    readLoad(text);
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
  throw new Error('the load was read');
}

describe('a load', () => {
  test('is written and read back', () => {
    expect(readLoad(TEXT)).toEqual(LOAD);
    const without_cap = { ...LOAD, factors: { ...LOAD.factors, burst_per_s: Infinity } };
    expect(readLoad(writeLoad(without_cap))).toEqual(without_cap);
    const full: Load = {
      ...LOAD,
      fleet: { ...LOAD.fleet, mark_above: 1.2 },
      profile: [
        { at_ms: 0, servers: 2 },
        { at_ms: 500, servers: 0 },
      ],
    };
    expect(readLoad(writeLoad(full))).toEqual(full);
  });

  test('has defaults for what can be left out', () => {
    const { factors, train_ms, cycle_ms, profile, arrivals, fleet } = readLoad(LEAST);
    expect({ factors, train_ms, cycle_ms, profile }).toEqual({
      factors: DEFAULT_AIMD,
      train_ms: 36_000,
      cycle_ms: 86_400_000,
      profile: [],
    });
    expect(arrivals[0]?.qos).toBe('silver');
    expect(fleet).toMatchObject({ thrash: 0, mark_above: null, queue_max: 1_000, wait_max_ms: 30_000 });
  });

  test('may have empty lines and line ends of any kind', () => {
    expect(readLoad(`${TEXT.replaceAll('\n', '\r\n')}\n\n`)).toEqual(LOAD);
  });

  const swap = (from: string, to: string): string => {
    expect(TEXT).toContain(from);
    return TEXT.replace(from, to);
  };

  test.each<[string, () => string, number, string]>([
    ['nothing', () => '', 1, 'is not JSON; expected an object on one line'],
    ['a list', () => '[]', 1, 'the line is not an object'],
    ['another version', () => swap('"atp_load":1', '"atp_load":2'), 1, 'atp_load is 2; expected 1, the version'],
    ['no version', () => swap('"atp_load":1,', ''), 1, 'atp_load is missing; expected 1, the version'],
    ['a misspelling', () => swap('"about"', '"abuot"'), 1, 'abuot is unknown; expected atp_load, about'],
    ['a misspelling within', () => swap('"knee"', '"nee"'), 1, 'fleet.knee is missing; expected a number from 0.1'],
    ['no fleet', () => swap('"fleet"', '"flet"'), 1, 'fleet is not an object'],
    ['a learning part of all', () => swap('"train_ms":10000', '"train_ms":20000'), 1, 'train_ms is 20000; expected'],
    ['a base above max', () => swap('"base":4', '"base":9'), 1, 'factors.base is 9; expected an integer from 1 to 8'],
    [
      'a huge window',
      () => swap('"max":8', '"max":5000'),
      1,
      'factors.max is 5000; expected an integer from 1 to 1024',
    ],
    ['a text for a number', () => swap('"knee":2', '"knee":"2"'), 1, 'fleet.knee is "2"; expected a number'],
    ['null for a number', () => swap('"knee":2', '"knee":null'), 1, 'fleet.knee is null; expected a number'],
    ['endless numbers', () => swap('"knee":2', '"knee":1e999'), 1, 'fleet.knee is Infinity; expected a number'],
    ['a profile of texts', () => swap('"profile":[]', '"profile":["x"]'), 1, 'profile[0] is not an object'],
    [
      'a profile that goes back',
      () => swap('"profile":[]', '"profile":[{"at_ms":9,"servers":1},{"at_ms":8,"servers":1}]'),
      1,
      'profile[1].at_ms is 8; expected an integer from 9 to 20000',
    ],
    ['no calls', () => TEXT.split('\n')[0] ?? '', 2, 'there are no calls'],
    ['a line that is cut', () => TEXT.slice(0, -5), 3, 'is not JSON'],
    [
      'a call before the one before',
      () => swap('"at_ms":0', '"at_ms":11'),
      3,
      'at_ms is 10; expected an integer from 11',
    ],
    ['a call after the end', () => swap('"at_ms":10', '"at_ms":20001'), 3, 'at_ms is 20001; expected'],
    ['half a token', () => swap('"in_tokens":50', '"in_tokens":0.5'), 2, 'in_tokens is 0.5; expected an integer'],
    ['a tier that is none', () => swap('"gold"', '"platinum"'), 3, 'qos is "platinum"; expected "gold", "silver"'],
    ['no tenant', () => swap('"tenant":"t1"', '"tenant":""'), 2, 'tenant is ""; expected a text of at most 128'],
    ['more than is there', () => swap('"qos":"gold"', '"qos":"gold","x":1'), 3, 'x is unknown; expected at_ms, tenant'],
    ['a prototype', () => swap('"qos":"gold"', '"__proto__":{}'), 3, '__proto__ is unknown'],
    ['a long line', () => `${TEXT}{"x":"${'x'.repeat(70_000)}"}`, 4, 'has 70008 characters; at most 65536 are read'],
  ])('is refused with line, fault and what is expected: %s', (_name, make, line, words) => {
    const fault = faultOf(make());
    expect(fault.message).toContain(`line ${line}: `);
    expect(fault.message).toContain(words);
    expect(fault.line).toBe(line);
  });

  test('has limits on calls and tenants', () => {
    const [header = ''] = TEXT.split('\n');
    const call = (tenant: string): string => `{"at_ms":1,"tenant":"${tenant}","in_tokens":1,"out_tokens":1}`;
    const tenants = Array.from({ length: LOAD_LIMITS.tenants + 1 }, (_, i) => call(`t${i}`));
    expect(faultOf([header, ...tenants].join('\n')).message).toBe('line 1002: more than 1000 tenants');
    const calls = Array<string>(LOAD_LIMITS.arrivals + 1).fill(call('t1'));
    expect(faultOf([header, ...calls].join('\n')).message).toBe('line 200002: more than 200000 calls; cut the load');
    expect(faultOf(' '.repeat(LOAD_LIMITS.chars + 1)).message).toContain('at most 33554432 are read. Cut it');
  });

  test('is either read or refused, whatever is changed in it', () => {
    fc.assert(
      fc.property(fc.nat(TEXT.length), fc.nat(40), fc.string({ maxLength: 20 }), (at, cut, put) => {
        const text = TEXT.slice(0, at) + put + TEXT.slice(at + cut);
        try {
          readLoad(text);
        } catch (error) {
          expect(error).toBeInstanceOf(LoadError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
