import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalFile,
  canonicalFinding,
  canonicalSeverity,
  canonicalType,
  findingId,
  readAliases,
  SEVERITIES,
  aliasTable,
} from '../../src/index.ts';
import { anyFinding, finding } from './support.ts';

describe('tables of aliases', () => {
  test('the one in the code is without fault, and leads each alias to its name', () => {
    const table = aliasTable();
    for (const name of ['SQL Injection', 'sqlInjection', 'sql-injection', 'CWE-89']) {
      expect(canonicalType(name, table)).toBe('sql_injection');
    }
    expect(canonicalType('Flux Capacitor', table)).toBe('flux_capacitor');
    expect(canonicalType('!!', table)).toBe('other');
    expect(canonicalType('__proto__', table)).toBe('proto');
    expect(canonicalSeverity('P0', table)).toBe('critical');
    for (const severity of SEVERITIES) expect(canonicalSeverity(severity, table)).toBe(severity);
    expect(canonicalSeverity('purple', table)).toBeUndefined();
  });

  test('files have one form', () => {
    const read = readAliases({ files: { '': ['./', '/repo/'], 'packages/': ['pkg/'] } });
    if (read.kind !== 'table') throw new Error('the table is sound');
    const forms = ['./src//a.ts', 'src\\a.ts', '/repo/src/a.ts', 'src/x/../a.ts', ' src/./a.ts '];
    expect(forms.map((file) => canonicalFile(file, read.table))).toEqual(forms.map(() => 'src/a.ts'));
    expect(canonicalFile('pkg/a.ts', read.table)).toBe('packages/a.ts');
    expect(canonicalFile('../a.ts', read.table)).toBe('../a.ts');
    expect(canonicalFile('/etc/x', read.table)).toBe('/etc/x');
    expect(canonicalFile('', read.table)).toBe('');
  });

  test('an operator adds to the one in the code, and has the last word', () => {
    const table = aliasTable({
      types: { injection: ['sql_injection'], sqli: [], flux: ['flux capacitor'] },
      severities: { low: ['purple', 'blocker'] },
      files: { 'src/': ['app/', './'] },
    });
    // What leads to a name that is an alias now goes on to where that leads.
    for (const name of ['CWE-89', 'SQL injection']) expect(canonicalType(name, table)).toBe('injection');
    expect(canonicalType('sqli', table)).toBe('sqli');
    expect(canonicalType('flux-capacitor', table)).toBe('flux');
    expect(canonicalType('npe', table)).toBe('null_dereference');
    expect(['purple', 'blocker', 'severe'].map((one) => canonicalSeverity(one, table))).toEqual([
      'low',
      'low',
      'critical',
    ]);
    expect(['app/a.ts', './a.ts'].map((file) => canonicalFile(file, table))).toEqual(['src/a.ts', 'src/a.ts']);
  });

  test.each<[unknown, string[]]>([
    [5, [' must be an object']],
    [{ kinds: {} }, ['kinds is not known; known are types, severities, files']],
    [{ types: ['a'] }, ['types must be an object of lists: {canonical: [aliases]}']],
    [{ types: { bug: 'x' } }, ['types.bug must be a list of at most 1000 aliases']],
    [
      { types: { bug: [7, '!'] } },
      ['types.bug.0 must be a text of at most 200 characters', 'types.bug.1 has no letter and no digit'],
    ],
    [{ types: { bug: ['x'], style: ['y', 'X'] } }, ['types.style.1 is an alias of bug already']],
    [{ types: { bug: [], style: ['Bug'] } }, ['types.style.0 is an alias of bug already']],
    [
      { severities: { grave: [] } },
      ['severities.grave is not a severity; those are critical, high, medium, low, info'],
    ],
  ])('%j is refused', (value, words) => {
    const read = readAliases(value);
    expect(
      read.kind === 'complaints' ? read.complaints.map(({ path, why }) => `${path.join('.')} ${why}`) : [],
    ).toEqual(words);
  });

  test('whatever a file says is read or refused', () => {
    fc.assert(
      fc.property(fc.anything(), fc.dictionary(fc.string(), fc.array(fc.string())), (value, lists) => {
        for (const source of [value, { types: value }, { types: lists, files: lists }]) {
          expect(['table', 'complaints']).toContain(readAliases(source).kind);
        }
      }),
    );
  });
});

describe('the canonical form of findings', () => {
  test('is that of itself', () => {
    fc.assert(
      fc.property(anyFinding, (one) => {
        expect(canonicalFinding(one, aliasTable())).toEqual(one);
      }),
    );
  });

  test('an id is of what is said and where, not of who says it', () => {
    const one = finding();
    const same = finding({
      claim: 'the LOOP ends one step too late!',
      severity: 'low',
      confidence: 0.1,
      provenance: [],
    });
    expect(same.id).toBe(one.id);
    const others = [{ claim: 'other' }, { file: 'b.ts' }, { span: undefined }, { type: 'style' }].map(finding);
    expect(new Set([one, ...others].map(findingId)).size).toBe(5);
  });
});
