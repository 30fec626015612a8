import { describe, expect, test } from 'vitest';
import { bar, gaugeText, UNICODE } from '../../src/top/glyphs.ts';
import { amount, clockTime, dollars, milliseconds, rate, seconds } from '../../src/top/numbers.ts';
import { repaint } from '../../src/top/ansi.ts';
import { textOf } from '../../src/top/spans.ts';
import { cut, escaped, textWidth, wrap } from '../../src/top/text.ts';

describe('text', () => {
  test.each([
    ['abc', 3],
    ['モデル', 6],
    ['한국어', 6],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['e\u0301', 1],
    ['ß→é', 3],
  ])('%s takes %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test.each([
    ['abcdef', 4, '…', 'abc…'],
    ['abcd', 4, '…', 'abcd'],
    ['モデル', 4, '…', 'モ…'],
    ['モデル', 1, '', ''],
    ['abc', 0, '…', ''],
    ['abc', -3, '…', ''],
  ])('%s in %i columns', (text, width, more, expected) => {
    expect(cut(text, width, more)).toBe(expected);
  });

  test('marks pile up no higher than two', () => {
    expect(escaped('a\u0301\u0302\u0303\u0304b', false)).toBe('a\u0301\u0302\\u{303}\\u{304}b');
  });

  test('where only ASCII is shown, the rest is escaped', () => {
    expect(escaped('é🚀', true)).toBe('\\u{e9}\\u{1f680}');
    expect(escaped('é🚀', false)).toBe('é🚀');
  });

  test('wraps at spaces, and cuts what is too long', () => {
    expect(wrap('one two three four', 8, 3)).toEqual(['one two', 'three', 'four']);
    expect(wrap('one two three four', 8, 2)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable', 4, 2)).toEqual(['unbr']);
  });
});

describe('numbers', () => {
  test('of everything are short', () => {
    expect([0, 9_999, 10_000, 999_950, 4_000_000, 8.64e15].map(amount)).toEqual([
      ...['0', '9999', '10.0k', '1.00M', '4.00M', '8.64P'],
    ]);
    expect([0, 0.25, 12.345, 999.4, 1_200].map(rate)).toEqual(['0', '0.25', '12.3', '999', '1.20k']);
    expect([0, 7, 1_250, 1_230_000, 12_300_000_000].map(dollars)).toEqual([
      ...['$0', '<$.0001', '$0.0013', '$1.23', '$12.3k'],
    ]);
    expect([0, 250.4, 1_250, 59_949, 200_000].map(milliseconds)).toEqual(['0ms', '250ms', '1.25s', '59.9s', '3m20s']);
    expect([59.9, 200, 18_420, 1_047_600, 17_280_000, 9e9].map(seconds)).toEqual([
      ...['59s', '3m20s', '5h07m', '12d3h', '200d', '>9999d'],
    ]);
    expect([0, 8.64e15].map(clockTime)).toEqual(['00:00:00Z', '00:00:00Z']);
  });
});

describe('bars', () => {
  const drawn = (outstanding: number, window: number | undefined, limit: number | undefined): string =>
    textOf(bar({ outstanding, window, limit }, 10, UNICODE));

  test.each([
    ['free', 0, 10, 10, '··········'],
    ['one of many is seen', 1, 10_000, 10_000, '▏·········'],
    ['half', 5, 10, 10, '█████·····'],
    ['parts of a cell', 33, 100, 100, '███▎······'],
    ['narrowed', 3, 5, 10, '███··╱╱╱╱╱'],
    ['over a narrowed window', 8, 5, 10, '████████╱╱'],
    ['over the limit', 20, 10, 10, '██████████'],
    ['nothing is allowed', 0, 0, 10, '╱╱╱╱╱╱╱╱╱╱'],
    ['a limit of nothing', 0, 0, 0, ''],
    ['no limit', 5, undefined, undefined, ''],
  ])('%s', (_name, outstanding, window, limit, expected) => {
    if (limit === 0) expect(drawn(outstanding, window, limit)).toHaveLength(10);
    else expect(drawn(outstanding, window, limit)).toBe(expected);
  });

  test('have the numbers beside them', () => {
    expect(gaugeText({ outstanding: 13, window: 20, limit: 40 }, amount)).toBe('13/20<40');
    expect(gaugeText({ outstanding: 13, window: 40, limit: 40 }, amount)).toBe('13/40');
    expect(gaugeText({ outstanding: 13, window: undefined, limit: undefined }, amount)).toBe('13');
  });
});

test('a repaint writes what differs, and clears what is below', () => {
  expect(repaint(['a', 'b'], ['a', 'b'])).toBe('');
  expect(repaint(['a', 'b'], ['a', 'c'])).toBe('\x1b[?2026h\x1b[2;1H\x1b[2Kc\x1b[?2026l');
  expect(repaint(['a', 'b', 'c'], ['a'])).toBe('\x1b[?2026h\x1b[2;1H\x1b[J\x1b[?2026l');
});
