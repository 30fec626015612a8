import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnswerForm, answerKey, foldText } from '../src/index.ts';

const key = (text: string, kind: 'auto' | 'choice' | 'number' | 'text' = 'auto'): string => answerKey(text, { kind });
const FORMS: readonly AnswerForm[] = [
  { kind: 'auto' },
  { kind: 'choice' },
  { kind: 'number' },
  { kind: 'text' },
  { kind: 'json', field: undefined },
  { kind: 'json', field: 'a.b' },
];

describe('the letter of an answer', () => {
  test.each([
    ['B', 'B'],
    ['(b)', 'B'],
    ['b.', 'B'],
    ['**C**', 'C'],
    ['The answer is (B).', 'B'],
    ['the answer is (J)', 'J'],
    ['**Answer: C**', 'C'],
    ['**Answer:**\n\nD', 'D'],
    ['Final answer: option **E**', 'E'],
    ['ANSWER: a', 'A'],
    ['So we get \\boxed{D}.', 'D'],
    ['$\\boxed{\\text{(C)}}$', 'C'],
    ['The best answer among these is (F) because it fits.', 'F'],
    ['The answer is A because I said so.', 'A'],
    ['The answer is A. Wait, no. The answer is C.', 'C'],
    ['The answer is not (A). It is a trap.\nAnswer: B', 'B'],
    ['(D) is the correct answer, as A fails.', 'D'],
    ['A is correct.', 'A'],
    ['I would go with B here, I think.', 'B'],
    ['Die Antwort ist (H).', 'H'],
    ['答案是 B。', 'B'],
    ['答案：C', 'C'],
    ['Some thought.\n\nC', 'C'],
    ['A\nBecause of this.', 'A'],
  ])('%j states %s', (text, letter) => {
    expect([key(text, 'choice'), key(text, 'auto')]).toEqual([letter, letter]);
  });

  test.each([
    ['B. Paris', 'B'],
    ['C: the third', 'C'],
    ['It can only be [C], as (A) and (B) fail. Thus (D).', 'D'],
    ['Neither fits, so C it is.', 'C'],
    ['A good question. I think it is D', 'D'],
  ])('%j shows %s where letters are asked for', (text, letter) => {
    expect(key(text, 'choice')).toBe(letter);
  });

  test.each([
    'A man walks into a bar. I saw it.',
    'I think so.',
    'The answer is a matter of taste.',
    'The answer is: I do not know',
    'Answer: A tale of two cities',
    'Answer: C++ and not C#',
    'The answer is e.g. this',
    "The answer isn't known",
    'A good idea (A nice one) for I have none',
    '',
    ' \n ',
  ])('%j has none', (text) => {
    expect(key(text, 'choice')).toBe('');
  });

  test('of two options listed none is the answer by its place', () => {
    expect(key('a. Paris\nb. London', 'choice')).toBe('');
    expect(key('B) Paris', 'auto')).toBe('B');
    expect(key('J. Smith', 'auto')).toBe('j smith');
  });
});

describe('the number of an answer', () => {
  test.each([
    ['18', '18'],
    ['#### 18', '18'],
    ['He has 16 - 7 = <<16-7=9>>9 eggs\nA: 1,000.50', '1000.5'],
    ['$18.00', '18'],
    ['50%', '50'],
    ['18 dollars', '18'],
    ['The answer is -$5.', '-5'],
    ['The answer is $-5.', '-5'],
    ['A: -0', '0'],
    ['A: -0.000', '0'],
    ['A: −7', '-7'],
    ['The answer is 6/8.', '3/4'],
    ['Answer: \\frac{10}{4}', '5/2'],
    ['Answer: 3 1/2', '7/2'],
    ['Answer: 8/4', '2'],
    ['Answer: ½', '1/2'],
    ['\\boxed{12{,}345}', '12345'],
    ['The answer is 123456789012345678901234567890', '123456789012345678901234567890'],
    ['The answer is 123456789012345678901234567891', '123456789012345678901234567891'],
    ['Answer: 3.20 × 10^5', '320000'],
    ['Answer: 3.2e-3', '0.0032'],
    ['Answer: 2 million', '2000000'],
    ['Answer: 1.234,50', '1234.5'],
    ['Answer: .5', '0.5'],
    ['Answer: 007', '7'],
    ['Answer: 16 - 7 = 9', '9'],
    ['The answer is 18. I checked it in 2 ways.', '18'],
    ['The answer is **42**', '42'],
    ['Answer: ４２', '42'],
  ])('%j states %s', (text, number) => {
    expect([key(text, 'number'), key(text, 'auto')]).toEqual([number, number]);
  });

  test.each([
    ['She has 3 apples and buys 4, so 7 in all', '7'],
    ['The area is 12 m^2', '12'],
    ['It releases 5 kg of CO2', '5'],
    ['from 10-12', '12'],
    ['between 1 and 2^10', '2^10'],
    ['1/0', '1/0'],
    ['none', ''],
    ['', ''],
  ])('the last of %j is %s', (text, number) => {
    expect(key(text, 'number')).toBe(number);
  });

  test('prose that has numbers in it is words to `auto`', () => {
    expect(key('I found 3 bugs in the parser.')).toBe('i found 3 bugs in the parser');
    expect(key('10-12')).toBe('10 12');
  });

  test('equal numbers have equal keys, others have not', () => {
    const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    const grouped = (value: bigint): string => value.toString().replace(/\B(?=(\d{3})+$)/g, ',');
    fc.assert(
      fc.property(whole, whole, fc.nat({ max: 5 }), (a, b, zeros) => {
        const other = `The answer is ${grouped(a)}.${'0'.repeat(zeros + 1)} units`;
        expect(key(`A: ${a}`, 'number')).toBe(a.toString());
        expect(key(other, 'number')).toBe(a.toString());
        expect(key(`A: ${a}`, 'number') === key(`#### ${b}`, 'number')).toBe(a === b);
      }),
    );
  });

  test('a fraction is reduced', () => {
    const part = fc.integer({ min: 1, max: 10_000 });
    fc.assert(
      fc.property(part, part, part, (a, b, k) => {
        expect(key(`${a * k}/${b * k}`, 'number')).toBe(key(`${a}/${b}`, 'number'));
      }),
    );
  });
});

describe('JSON', () => {
  const json = (text: string, field?: string): string => answerKey(text, { kind: 'json', field });

  test('counts by its members, whatever their order, space and wrapping', () => {
    const same = '{"a":[1,{"b":2,"c":"x y"}],"d":null}';
    for (const text of [
      same,
      '{ "d": null, "a": [1.0, {"c": "x y", "b": 2}] }',
      `Here it is:\n\`\`\`json\n${same}\n\`\`\`\nAs asked.`,
      `Given [1, 2] the result is ${same} (see [3]).`,
      `With { a brace: ${same}`,
    ]) {
      expect(json(text)).toBe(same);
    }
    expect(key(`\n${same}\n`)).toBe(same);
    expect(key('{"answer": "B"}')).toBe('{"answer":"B"}');
  });

  test('one field counts, its words without case', () => {
    expect(json('{"a":{"b":["x","The  Eiffel Tower!"]}}', 'a.b.1')).toBe('the eiffel tower');
    expect(json('{"a":1}\n{"a":{"b":2}}', 'a')).toBe('{"b":2}');
    expect(json('{"a":1}', 'b')).toBe('');
    expect(json('{"a":1}', '__proto__')).toBe('');
    expect(json('{"a":"x"}', 'a.length')).toBe('');
  });

  test('none is none', () => {
    for (const text of ['', 'words', '{"a":', '[[[[', `${'['.repeat(70)}${']'.repeat(70)}`])
      expect(json(text)).toBe('');
  });

  test('any value has one key', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const shuffled = JSON.stringify(value, (_, member: unknown) =>
          typeof member === 'object' && member !== null && !Array.isArray(member)
            ? Object.fromEntries(Object.entries(member).reverse())
            : member,
        );
        expect(json(shuffled)).toBe(json(JSON.stringify(value, undefined, 2)));
      }),
    );
  });
});

describe('words', () => {
  test('count without case, punctuation and space', () => {
    expect(key('  The “Eiffel”   Tower!\n', 'text')).toBe('the eiffel tower');
    expect(key('ＦＵＬＬ ﬁne', 'text')).toBe('full fine');
    expect([key('Straße', 'text'), key('STRAẞE', 'text')]).toEqual(['strasse', 'strasse']);
    expect(key("Don't", 'text')).toBe(key('don’t', 'text'));
    expect(key('ze\u200bro', 'text')).toBe('zero');
  });

  test('what changes a meaning stays', () => {
    const different = ['C', 'C++', 'C#', '-5', '5', '3.5', '35', '50%', '50', '1 000', '1000'];
    expect(new Set(different.map((text) => key(text, 'text'))).size).toBe(different.length);
    expect(key('1,000', 'text')).toBe('1000');
  });

  test('a long answer counts to its last character', () => {
    const long = 'word '.repeat(20_000);
    expect(key(`${long}a`, 'text')).not.toBe(key(`${long}b`, 'text'));
    expect(key(`a${long}`, 'text').length).toBeLessThanOrEqual(256);
    expect(key(`${'x y '.repeat(90)}z`, 'text')).toBe(key(`${'X  y, '.repeat(90)}z`, 'text'));
  });
});

describe('hostile text', () => {
  test('has a bounded key in every form', () => {
    const pieces = fc.constantFrom(
      ...'the answer is|Answer:|\\boxed{|A|(B)|####|1,2|{"a":|[|```|\n|\u0301|ﷺ| |\ud800'.split('|'),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'grapheme' })), { maxLength: 60 }), (parts) => {
        for (const form of FORMS) expect(answerKey(parts.join(' '), form).length).toBeLessThanOrEqual(256);
      }),
    );
  });

  test('a lot of it is read in linear time: none of these comes to an end otherwise', () => {
    const units = [
      '1,234,',
      '1.234.',
      '####1',
      'the answer is ',
      '\\boxed{',
      '[{',
      '{"a":',
      '\u0301\u0323',
      '```\n',
      '1=',
      ' ',
    ];
    for (const unit of units) {
      const text = unit.repeat(262_144 / unit.length);
      for (const form of FORMS) expect(answerKey(text, form).length).toBeLessThanOrEqual(256);
    }
  });

  test('of many marks on a letter thirty are kept: to sort them all would take forever', () => {
    for (const mark of ['\u0323', '\u3099']) expect(foldText(`x${mark.repeat(5_000)}y`)).toBe(`x${mark.repeat(30)}y`);
    expect(foldText('\uff9e\u0301'.repeat(100))).toHaveLength(30);
  });

  test('its key is the key of its key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const once = key(text, 'text');
        expect(key(once, 'text')).toBe(once);
      }),
    );
  });
});
