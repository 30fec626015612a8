import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS, READ_CHARS, TERMS_MAX, TermReader, type Terms } from '../../src/features/terms.ts';

const HALF = READ_CHARS / 2;
const fresh = (text: string): Terms => new TermReader().read(text);
/** The bucket of what is one word. */
const bucketOf = (word: string): number => {
  const { buckets } = fresh(word);
  expect(buckets, word).toHaveLength(1);
  return buckets[0] as number;
};
const bucketsOf = (...words: string[]): number[] => words.map(bucketOf);
const seenIn = (text: string): number[] => [...fresh(text).buckets];
/** Different words of three letters: `aaa`, `aab`, ... */
const wordAt = (i: number): string =>
  String.fromCharCode(...[676, 26, 1].map((place) => 0x61 + (Math.floor(i / place) % 26)));
const manyWords = (count: number): string => Array.from({ length: count }, (_, i) => wordAt(i)).join(' ');

/** Any text: code units with lone surrogates, scripts without blanks, rows of digits, code, and some of it long. */
const unit = fc.oneof(
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
  fc.constantFrom('word ', 'Word', 'é', '漢', '字 ', '7', '42 ', '\n', '{', ' ', '\0', '👍'),
);
const short = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));
const anyText = fc.oneof(
  { weight: 4, arbitrary: short },
  {
    weight: 1,
    arbitrary: fc.tuple(short, fc.integer({ min: 1, max: 3_000 })).map(([text, times]) => text.repeat(times)),
  },
);

/** A text that counts how often a character of it is read. */
class CountedText {
  reads = 0;
  readonly length: number;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.length = text.length;
  }

  charCodeAt(i: number): number {
    this.reads += 1;
    return this.#text.charCodeAt(i);
  }
}

describe('any text', () => {
  test('gives different buckets, each with its count, and shares within 0 and 1', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { buckets, counts, words, digits, symbols, lines } = fresh(text);
        expect(buckets.length).toBe(counts.length);
        expect(buckets.length).toBeLessThanOrEqual(TERMS_MAX);
        expect(new Set(buckets).size).toBe(buckets.length);
        let [most, least, sum] = [0, 1, 0];
        for (const bucket of buckets) most = Math.max(most, bucket);
        for (const count of counts) [least, sum] = [Math.min(least, count), sum + count];
        expect(most).toBeLessThan(BUCKETS);
        expect(least).toBe(1);
        // Where all different words found a place, each word was counted once.
        if (buckets.length < TERMS_MAX) expect(sum).toBe(words);
        else expect(sum).toBeLessThanOrEqual(words);
        for (const share of [digits, symbols, lines]) expect(share).toBeGreaterThanOrEqual(0);
        expect(digits + symbols + lines).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { seed: 1_101, numRuns: 400 },
    );
  });

  test('reads each character at most once, and no more than its limit of any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const counted = new CountedText(text);
        const terms = new TermReader().read(counted as unknown as string);
        expect(terms).toEqual(fresh(text));
        expect(counted.reads).toBeLessThanOrEqual(Math.min(text.length, READ_CHARS));
      }),
      { seed: 1_102, numRuns: 200 },
    );
    const long = new CountedText('a'.repeat(10_000_000));
    expect(new TermReader().read(long as unknown as string).words).toBe(2);
    expect(long.reads).toBeLessThanOrEqual(READ_CHARS);
  });

  test('leaves nothing behind for the next one', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1, maxLength: 6 }), (texts) => {
        const reader = new TermReader();
        for (const text of [...texts, ...texts]) expect(reader.read(text)).toEqual(fresh(text));
      }),
      { seed: 1_103, numRuns: 100 },
    );
    const reader = new TermReader();
    reader.read(manyWords(3 * TERMS_MAX));
    expect(reader.read('')).toEqual(fresh(''));
    expect(reader.read(manyWords(20))).toEqual(fresh(manyWords(20)));
  });

  test('what was given stays as it is when the reader reads on', () => {
    const reader = new TermReader();
    const first = reader.read('one two two');
    const copy = structuredClone(first);
    reader.read(manyWords(2 * TERMS_MAX));
    expect(first).toEqual(copy);
  });
});

describe('words', () => {
  test('nothing has none', () => {
    const none = { buckets: new Uint16Array(0), counts: new Uint16Array(0), words: 0, digits: 0, symbols: 0, lines: 0 };
    expect(fresh('')).toEqual(none);
    expect(fresh(' \t ')).toEqual(none);
    expect(fresh('a b c')).toEqual(none);
  });

  test('are counted in the order of their first', () => {
    const { buckets, counts, words } = fresh('Sort the list, then the rest of the list.');
    expect([...buckets]).toEqual(bucketsOf('sort', 'the', 'list', 'then', 'rest', 'of'));
    expect([...counts]).toEqual([1, 3, 2, 1, 1, 1]);
    expect(words).toBe(9);
  });

  test('are the same in upper and lower case, as far as they are ASCII', () => {
    const word = fc.stringMatching(/^[a-zA-Z]{2,12}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (list) => {
        const text = list.join(' ');
        expect(fresh(text.toUpperCase())).toEqual(fresh(text.toLowerCase()));
        expect(fresh(text)).toEqual(fresh(text.toLowerCase()));
      }),
      { seed: 1_104, numRuns: 200 },
    );
    // What lies beside the letters differs from them by the bit of their case only, and is no letter.
    expect(seenIn('ab@cd[ef`gh{ij')).toEqual(bucketsOf('ab', 'cd', 'ef', 'gh', 'ij'));
  });

  test('a row of digits is one, whatever the number', () => {
    const number = bucketOf('7');
    const { buckets, counts, words, digits } = fresh('12 345,6');
    expect([[...buckets], [...counts], words]).toEqual([[number], [3], 3]);
    expect(digits).toBe(6 / 8);
    expect(seenIn('9'.repeat(5_000))).toEqual([number]);
    expect(fresh('9'.repeat(5_000))).toMatchObject({ words: 1, digits: 1 });
    expect(seenIn('base64')).toEqual([...bucketsOf('base'), number]);
    expect(fresh('1a1')).toMatchObject({ words: 2, digits: 2 / 3 });
  });

  test('of a script without blanks are its characters', () => {
    const { buckets, counts, words } = fresh('我喜欢猫我');
    expect([...buckets]).toEqual(bucketsOf('我', '喜', '欢', '猫'));
    expect([...counts]).toEqual([2, 1, 1, 1]);
    expect(words).toBe(5);
    expect(seenIn('猫 and 猫dogs')).toEqual(bucketsOf('猫', 'and', 'dogs'));
  });

  test('of a script without blanks stand alone right behind other letters', () => {
    expect(seenIn('dogs猫')).toEqual(bucketsOf('dogs', '猫'));
  });

  test('have letters of other scripts', () => {
    expect(seenIn('Größe, при́вет')).toEqual(bucketsOf('Größe', 'при́вет'));
    expect(new Set(bucketsOf('größe', 'grüße', 'grose')).size).toBe(3);
  });

  test.each([
    ['dash', 'one\u2014two', ['one', 'two']],
    ['quotes', '\u201cone two\u201d', ['one', 'two']],
    ['ellipsis', 'one\u2026 two', ['one', 'two']],
    ['full stop', '猫\u3002', ['猫']],
  ])('have no %s of other than ASCII in them', (_, text, words) => {
    expect(seenIn(text)).toEqual(bucketsOf(...words));
  });
});

describe('how a text is written', () => {
  test('is told by shares of it', () => {
    expect(fresh('a=1;\n')).toMatchObject({ digits: 1 / 5, symbols: 2 / 5, lines: 1 / 5 });
    expect(fresh('\n\r\n')).toMatchObject({ lines: 2 / 3, symbols: 0, words: 0 });
    expect(fresh('plain words')).toMatchObject({ digits: 0, symbols: 0, lines: 0 });
  });

  test('is that of what was read, however long the rest', () => {
    const code = '{};\n'.repeat(READ_CHARS / 4);
    expect(fresh(code)).toMatchObject({ symbols: 3 / 4, lines: 1 / 4 });
    expect(fresh(code.repeat(5))).toMatchObject({ symbols: 3 / 4, lines: 1 / 4 });
  });
});

describe('limits', () => {
  test('of many different words, the first count', () => {
    const { buckets, words } = fresh(manyWords(3_000));
    expect(buckets).toHaveLength(TERMS_MAX);
    expect(words).toBe(3_000);
    const firsts = fresh(manyWords(700)).buckets;
    expect(firsts.length).toBeLessThan(TERMS_MAX);
    expect(buckets.slice(0, firsts.length)).toEqual(firsts);
  });

  test('a word that has its place is counted also when there is no place for others', () => {
    const [once, twice] = [fresh(`first ${manyWords(2_900)}`), fresh(`first ${manyWords(2_900)} first`)];
    expect(twice.buckets).toHaveLength(TERMS_MAX);
    expect(twice.buckets).toEqual(once.buckets);
    expect(twice.counts[0]).toBe((once.counts[0] ?? 0) + 1);
    expect(twice.counts.slice(1)).toEqual(once.counts.slice(1));
  });

  test('of a long text both ends are read, and nothing between them', () => {
    const middle = 'middle '.repeat(50_000);
    const begin = 'begin '.repeat(HALF / 6 + 1).slice(0, HALF - 1);
    const end = 'end '.repeat(HALF / 4 + 1).slice(-HALF + 1);
    expect(seenIn(`${begin} ${middle} ${end}`).slice(0, 1)).toEqual(bucketsOf('begin'));
    expect(seenIn(`${begin} ${middle} ${end}`)).not.toContain(bucketOf('middle'));
    expect(seenIn(`${begin} ${middle} ${end}`)).toContain(bucketOf('end'));
  });

  test.each([READ_CHARS - 1, READ_CHARS])('of %d characters, each is read', (length) => {
    const text = `${'ab '.repeat(length)}`.slice(0, length - 5).concat(' last');
    const { words, buckets } = fresh(text);
    expect([...buckets]).toContain(bucketOf('last'));
    expect(words).toBe(text.split(' ').filter((word) => word.length > 1).length);
  });

  test('of one more, the one in the middle is not, and ends a word', () => {
    const [left, right] = ['x'.repeat(HALF), 'y'.repeat(HALF)];
    expect(seenIn(`${left}7${right}`)).toEqual(bucketsOf(left, right));
    expect(fresh(`${left}7${right}`)).toMatchObject({ words: 2, digits: 0 });
  });
});
