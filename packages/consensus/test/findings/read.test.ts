import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FINDINGS_MAX, type FindingsRead, readFindings, aliasTable } from '../../src/index.ts';

const FROM = { lane: 3, source: 'reviewer' };
const read = (text: string): FindingsRead => readFindings(text, FROM, aliasTable());
const ENTRY = {
  type: 'SQLi',
  file: './src/db.ts',
  span: { start_line: 10, end_line: 12 },
  claim: 'Input reaches the query',
  evidence: ['src/db.ts:10-12', { file: 'src\\web.ts', line: 4, quote: 'query(input)' }],
  proposed_fix: 'Bind it',
  tests: ['db.test.ts'],
  severity: 'Blocker',
  confidence: 80,
};

describe('findings of an answer', () => {
  test('are read in the words of the taxonomy', () => {
    const { findings, complaints } = read(JSON.stringify({ findings: [ENTRY] }));
    expect(complaints).toEqual([]);
    expect(findings).toEqual([
      {
        id: expect.stringMatching(/^f-[0-9a-f]{16}$/) as string,
        type: 'sql_injection',
        file: 'src/db.ts',
        span: { start_line: 10, end_line: 12 },
        claim: 'Input reaches the query',
        evidence: [
          { file: 'src/db.ts', span: { start_line: 10, end_line: 12 } },
          { file: 'src/web.ts', span: { start_line: 4, end_line: 4 }, quote: 'query(input)' },
        ],
        proposed_fix: 'Bind it',
        tests: ['db.test.ts'],
        severity: 'critical',
        confidence: 0.8,
        provenance: [FROM],
      },
    ]);
  });

  test.each([
    ['an object', JSON.stringify({ findings: [ENTRY] })],
    ['a list', JSON.stringify([ENTRY])],
    [
      'a fence',
      `I looked.\n\n\`\`\`json\n${JSON.stringify({ findings: [ENTRY] }, undefined, 2)}\n\`\`\`\nThat is all.`,
    ],
    ['prose around', `Here: ${JSON.stringify({ findings: [ENTRY] })} as {asked}.`],
    ['a single one', JSON.stringify(ENTRY)],
    ['one on each line', `${JSON.stringify(ENTRY)}\n`],
    ['an answer cut short', `{"findings":[${JSON.stringify(ENTRY)},{"type":"bug","claim":"The`],
  ])('may be %s', (_, text) => {
    expect(read(text).findings?.map(({ claim }) => claim)).toEqual(['Input reaches the query']);
  });

  test('none said is not none found', () => {
    expect(read('{"findings": []}').findings).toEqual([]);
    expect(read('[]').findings).toEqual([]);
    for (const text of ['', 'All good.', '{"answer": 5}', '[1, 2]', '{"findings": 5}']) {
      expect(read(text).findings).toBeUndefined();
    }
  });

  test('what cannot be read is left out, and said where and why', () => {
    const bad = {
      ...ENTRY,
      span: 'up there',
      severity: 'purple',
      confidence: 'very',
      evidence: [7, 'words', 'a.ts:1'],
    };
    const { findings, complaints } = read(JSON.stringify({ findings: [5, { type: 'bug' }, bad] }));
    expect(findings).toHaveLength(1);
    expect(findings?.[0]).toMatchObject({ span: undefined, severity: 'medium', confidence: undefined });
    expect(findings?.[0]?.evidence).toEqual([{ file: 'a.ts', span: { start_line: 1, end_line: 1 } }]);
    expect(complaints.map(({ at, why }) => `${at} ${why}`)).toEqual([
      'findings[0] is not an object; it is left out',
      'findings[1].claim is missing; the finding is left out',
      'findings[2].span is no range of lines from 1 to 10000000',
      'findings[2].evidence[0] is neither a text nor an object',
      'findings[2].evidence[1] is no citation such as src/a.ts:10-12',
      'findings[2].severity is not known; the finding counts as medium',
      'findings[2].confidence is no number from 0 to 1',
    ]);
  });

  test.each([
    [{ line: 7 }, [7, 7]],
    [{ start_line: 7, end_line: 9 }, [7, 9]],
    [{ lines: '7-9' }, [7, 9]],
    [{ lines: 'L7-L9' }, [7, 9]],
    [{ span: [7, 9] }, [7, 9]],
    [{ range: { start: 7, end: 9 } }, [7, 9]],
    [{ span: { from: 7, to: 9 } }, [7, 9]],
    [{ file: 'src/db.ts:7-9' }, [7, 9]],
    [{ file: 'src/db.ts#L7-L9' }, [7, 9]],
  ])('lines may be written as %j', (lines, [start_line, end_line]) => {
    const { findings } = read(JSON.stringify([{ type: 'bug', file: 'src/db.ts', claim: 'x', ...lines }]));
    expect(findings?.[0]).toMatchObject({ file: 'src/db.ts', span: { start_line, end_line } });
  });

  test.each(['12-10', '0', '1-99999999', 'ten', { start: 1, end: 0.5 }, [1, 2, 3], true])('%j are no lines', (span) => {
    const { findings, complaints } = read(JSON.stringify([{ type: 'bug', claim: 'x', span }]));
    expect(findings?.[0]?.span).toBeUndefined();
    expect(complaints.map(({ at }) => at)).toEqual(['findings[0].span']);
  });

  test('are bounded', () => {
    const entry = {
      type: 'bug',
      claim: 'c'.repeat(9_000),
      file: `${'d/'.repeat(900)}a`,
      evidence: Array(99).fill('a.ts:1'),
    };
    const { findings, complaints } = read(JSON.stringify([entry, ...Array(499).fill({ claim: 'x', type: 'y' })]));
    expect(findings).toHaveLength(FINDINGS_MAX);
    expect(complaints[0]?.why).toBe('has 500 entries; 200 of them are read, the gravest');
    expect(findings?.[0]?.claim).toHaveLength(2_000);
    expect(findings?.[0]?.file.length).toBeLessThanOrEqual(512);
    expect(findings?.[0]?.evidence).toHaveLength(32);
    expect(read(JSON.stringify(Array(200).fill(5).concat({ claim: 'x', type: 'y' }))).complaints).toHaveLength(100);
  });

  test('nothing makes reading throw', () => {
    const names = 'type file span claim evidence tests severity confidence line findings __proto__ quote'.split(' ');
    const entry = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 9 });
    const value = fc.oneof(fc.record({ findings: fc.array(entry) }), fc.array(entry), fc.jsonValue());
    fc.assert(
      fc.property(value, fc.nat({ max: 40 }), fc.string(), (json, cut, around) => {
        const text = JSON.stringify(json);
        for (const one of [text, `${around}${text}`, text.slice(0, -cut)]) {
          const { findings = [], complaints } = read(one);
          for (const found of findings) expect(found.claim.length).toBeGreaterThan(0);
          for (const complaint of complaints) expect(complaint.why.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});

test('of more findings than are read those are read that say that they are grave, and it is said how many are not', () => {
  const nits = Array.from({ length: FINDINGS_MAX + 50 }, (_, i) => ({ claim: `nit ${i}`, severity: 'info' }));
  const said = [...nits, { claim: 'a query is built of what was typed', severity: 'critical' }, 'no object'];
  const { findings, left_out } = read(JSON.stringify({ findings: said }));
  expect(findings).toHaveLength(FINDINGS_MAX);
  expect(findings?.at(-1)).toMatchObject({ severity: 'critical' });
  expect(findings?.[0]).toMatchObject({ claim: 'nit 0' });
  expect(left_out).toBe(52);
});
