import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventParser, type ServerEvent } from '../src/event-parser.ts';

const CHARS_MAX = 1_000;

function parsed(...pieces: readonly string[]): readonly ServerEvent[] {
  const parser = new EventParser(CHARS_MAX);
  return pieces.flatMap((piece) => parser.push(piece));
}

describe('events', () => {
  test('have a type, an id and data, and comments between them are none', () => {
    expect(parsed(': hello\n\nid: 1\ndata: {"a":1}\n\nevent: close\ndata:{}\n\n')).toEqual([
      { type: '', id: '1', data: '{"a":1}' },
      { type: 'close', id: undefined, data: '{}' },
    ]);
  });

  test('that are not complete, or have no data, are not told', () => {
    expect(parsed('id: 1\ndata: x\n')).toEqual([]);
    expect(parsed('id: 1\n\ndata\n\n')).toEqual([{ type: '', id: undefined, data: '' }]);
  });

  test('may have data in several lines, and fields that nobody knows', () => {
    expect(parsed('data: a\ndata:  b\nretry: 5\nnone\n\n')).toEqual([{ type: '', id: undefined, data: 'a\n b' }]);
  });

  test('are the same however their text is cut, and however lines end', () => {
    const field = fc.constantFrom('id: 7', 'event: close', 'data: x', 'data:', ': c', 'data', '', 'data: é\u{1f600}');
    const lines = fc.array(field, { maxLength: 30 });
    const cut_at = fc.array(fc.nat({ max: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\r'), cut_at, (all, end, cuts) => {
        const text = all.map((line) => `${line}${end}`).join('');
        const at = [0, ...cuts.filter((cut) => cut < text.length).toSorted((one, other) => one - other)];
        const pieces = at.map((from, i) => text.slice(from, at[i + 1]));
        expect(parsed(...pieces)).toEqual(parsed(all.map((line) => `${line}\n`).join('')));
      }),
    );
  });

  test('that are too large end the reading before more of them is kept', () => {
    expect(() => parsed(...Array.from({ length: 20 }, () => 'x'.repeat(100)))).toThrow(RangeError);
    expect(() => parsed(...Array.from({ length: 20 }, () => `data: ${'x'.repeat(100)}\n`))).toThrow(RangeError);
    expect(parsed(`data: ${'x'.repeat(900)}\n\n`.repeat(5))).toHaveLength(5);
  });
});
