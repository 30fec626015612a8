import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkAnswer,
  checkFinding,
  type Citation,
  type CitationVerdict,
  DocumentIndex,
  evidenceScore,
  readCitations,
  aliasTable,
} from '../../src/index.ts';
import { anyFinding, finding } from '../findings/support.ts';

const A = Array.from({ length: 20 }, (_, at) => `line ${at + 1} of a = b[${at + 1}];`).join('\n');
const DOCUMENTS = [
  { name: 'src/a.ts', text: `${A}\n` },
  { name: './lib/b.ts', text: 'one\n\nthree' },
  { name: 'x/same.ts', text: '1' },
  { name: 'y/same.ts', text: '2' },
];
const index = (): DocumentIndex => new DocumentIndex(DOCUMENTS, aliasTable());
const at = (start_line: number, end_line: number = start_line): Citation['span'] => ({ start_line, end_line });

describe('a citation', () => {
  test.each<[Citation, CitationVerdict]>([
    [{ file: 'src/a.ts', span: at(5), quote: 'line 5 of a' }, 'good'],
    [{ file: 'src/a.ts', span: at(5), quote: 'line  7\n of a' }, 'good'],
    [{ file: 'src/a.ts', span: at(5), quote: '"line 4 … line 6 of"' }, 'good'],
    [{ file: 'src/a.ts', quote: 'b[20];' }, 'good'],
    [{ file: 'src/a.ts', span: at(5), quote: 'line 6 ... line 4' }, 'quote_missing'],
    [{ file: 'src/a.ts', span: at(5), quote: 'line 19 of' }, 'quote_elsewhere'],
    [{ file: 'src/a.ts', span: at(5), quote: 'line 21 of' }, 'quote_missing'],
    [{ file: 'src/a.ts', quote: 'Line 5' }, 'quote_missing'],
    [{ file: 'src/a.ts', span: at(1, 20) }, 'place_only'],
    [{ file: 'src/a.ts', span: at(1, 20), quote: ' ' }, 'place_only'],
    [{ file: 'src/a.ts' }, 'file_only'],
    [{ file: 'src/a.ts', span: at(20, 21) }, 'out_of_bounds'],
    [{ file: 'src/a.ts', span: at(0) }, 'out_of_bounds'],
    [{ file: 'src/a.ts', span: at(5, 4) }, 'out_of_bounds'],
    [{ file: 'lib/b.ts', span: at(3), quote: 'three' }, 'good'],
    [{ file: 'a.ts', span: at(1) }, 'place_only'],
    [{ file: '/home-of/it/src/a.ts', span: at(1) }, 'place_only'],
    [{ file: 'same.ts' }, 'unknown_file'],
    [{ file: 'c.ts' }, 'unknown_file'],
    [{ file: '' }, 'unknown_file'],
  ])('%j is %s', (citation, verdict) => {
    expect(index().check(citation)).toBe(verdict);
  });

  test('that is true is never called false', () => {
    const document = fc.array(fc.stringMatching(/^[a-z .…'"]{0,12}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(document, fc.nat(), fc.nat({ max: 3 }), (lines, from, more) => {
        const start = (from % lines.length) + 1;
        const end = Math.min(lines.length, start + more);
        const text = `${lines.join('\n')}\n`;
        const quote = lines.slice(start - 1, end).join('\n');
        const documents = new DocumentIndex([{ name: 'd.md', text }], aliasTable());
        expect(['good', 'place_only']).toContain(documents.check({ file: 'd.md', span: at(start, end), quote }));
      }),
    );
  });

  test('a quote beside a range that is half a file is looked for in all of it', () => {
    const text = `${'padding padding\n'.repeat(4_000)}the end\n`;
    const documents = new DocumentIndex([{ name: 'long.md', text }], aliasTable());
    expect(documents.check({ file: 'long.md', span: at(1, 3_900), quote: 'the end' })).toBe('good');
    expect(documents.check({ file: 'long.md', span: at(1, 3), quote: 'the end' })).toBe('quote_elsewhere');
  });
});

describe('what evidence is worth', () => {
  test('false citations weigh twice, none is worth little', () => {
    expect(evidenceScore([])).toBe(0.3);
    expect(evidenceScore(['good'])).toBe(1);
    expect(evidenceScore(['unknown_file', 'quote_missing'])).toBe(0);
    expect(evidenceScore(['good', 'out_of_bounds'])).toBeCloseTo(1 / 3);
    expect(evidenceScore(['good', 'place_only', 'file_only'])).toBeCloseTo(2.3 / 3);
  });

  test('of a finding counts its place and what it cites', () => {
    const documents = index();
    const check = checkFinding(finding({ evidence: [{ file: 'gone.ts', span: at(1) }] }), documents);
    expect(check.citations.map(({ verdict }) => verdict)).toEqual(['place_only', 'unknown_file']);
    expect(check.score).toBeCloseTo(0.8 / 3);
    expect(check.good_share).toBe(0.5);
  });

  test('of an answer is that of its findings, or of its words', () => {
    const documents = index();
    const both = [finding(), finding({ file: 'gone.ts' })];
    expect(checkAnswer({ text: '', findings: both }, documents)).toMatchObject({ score: 0.4, good_share: 0.5 });
    expect(checkAnswer({ text: 'See src/a.ts:3 and src/a.ts:99.', findings: undefined }, documents)).toMatchObject({
      score: 0.8 / 3,
      good_share: 0.5,
    });
    expect(checkAnswer({ text: 'fine', findings: [] }, documents)).toEqual({
      citations: [],
      score: 0.3,
      good_share: undefined,
    });
  });

  test('without documents nothing is said', () => {
    const none = new DocumentIndex([], aliasTable());
    expect(checkAnswer({ text: 'a.ts:1', findings: [finding()] }, none).score).toBeUndefined();
  });

  test('is within 0 and 1, and a false citation never helps', () => {
    fc.assert(
      fc.property(anyFinding, (one) => {
        const documents = index();
        const score = checkFinding(one, documents).score ?? -1;
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        const lying = { ...one, evidence: [...one.evidence, { file: 'gone.ts' }] };
        expect(checkFinding(lying, documents).score).toBeLessThanOrEqual(score);
      }),
    );
  });
});

describe('citations in free text', () => {
  const read = (text: string): string[] =>
    readCitations(text).map(({ file, span }) => `${file}|${span?.start_line}-${span?.end_line}`);

  test('are names of files with lines', () => {
    expect(read('See `src/a.ts:10-12`, (lib/b.py:7), src/a.ts#L3-L4 and src/c.ts:10:5.')).toEqual([
      'src/a.ts|10-12',
      'lib/b.py|7-7',
      'src/a.ts|3-4',
      'src/c.ts|10-10',
    ]);
    expect(read('In src/a.ts, line 5, and lines 7-9 of b.ts: wrong. Again src/a.ts:5-5')).toEqual([
      'src/a.ts|5-5',
      'b.ts|7-9',
    ]);
  });

  test('are neither times, hosts nor names alone', () => {
    expect(read('At 10:30 on localhost:8080 or example.com:443 http://a.b/c.ts:80 Node.js runs a.ts; v1.2:3')).toEqual(
      [],
    );
  });

  test('are bounded, whatever the text', () => {
    const units = fc.array(fc.constantFrom('a.ts', ':', '1', '-', ' ', 'lines', 'of', '#L', '/', '\ud800'), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(units, (parts) => {
        for (const { file } of readCitations(parts.join(''))) expect(file.length).toBeGreaterThan(0);
      }),
    );
    const many = Array.from({ length: 5_000 }, (_, line) => `a.ts:${line + 1}`).join(' ');
    expect(readCitations(many)).toHaveLength(256);
    expect(readCitations('a:'.repeat(500_000))).toEqual([]);
  });
});
