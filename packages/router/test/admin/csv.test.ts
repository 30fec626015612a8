import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csv } from '../../src/admin/csv.ts';

it('writes what RFC 4180 says', () => {
  expect(
    csv(
      ['a', 'b'],
      [
        ['x', 1],
        ['two words', null],
        ['a "b", c', -5],
        ['two\nlines', 0.5],
      ],
    ),
  ).toBe('a,b\r\nx,1\r\ntwo words,\r\n"a ""b"", c",-5\r\n"two\nlines",0.5\r\n');
});

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1+1'])('leaves %j no formula', (text) => {
  const [, cell = ''] = csv(['a'], [[text]]).split('\r\n', 2);
  const inner = cell.startsWith('"') ? cell.slice(1) : cell;
  expect(inner.startsWith("'")).toBe(true);
});

it('gives every cell back, and starts none like a formula', () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { maxLength: 5 }), (rows) => {
      const read = parse(csv(['a', 'b'], rows));
      expect(read[0]).toEqual(['a', 'b']);
      expect(read.slice(1)).toEqual(
        rows.map((row) => row.map((text) => (/^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text))),
      );
    }),
    { seed: 7, numRuns: 300 },
  );
});

/** A reader of RFC 4180, apart from the writer. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text.charAt(i + 1) === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',') {
      row.push(cell);
      cell = '';
    } else if (char === '\r' && text.charAt(i + 1) === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
      i += 1;
    } else cell += char;
  }
  return rows;
}
