import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND_CHARS, TEXT_KINDS, textKindOf } from '../../src/features/text-kind.ts';

describe('kinds of text', () => {
  test.each([
    ['code', 'Fix this:\n```ts\nconst a = 1;\n```'],
    ['code', 'def add(a, b):\n    return a + b;\nWhat does it print?'],
    ['code', 'How does one reverse a list in Python'],
    ['translation', 'Translate into French: the cat sleeps.'],
    ['summary', 'Summarize the text below. It was a long day.'],
    ['extraction', 'Extract the names, as JSON: Ann met Bob.'],
    ['math', 'Calculate the integral of x^2 from 0 to 3.'],
    ['math', 'A car drives 30 km in 20% of an hour. How many hours are left?'],
    ['choice', 'Which of the following is a mammal?\nA. trout\nB. whale\nC. crow'],
    ['choice', 'Say the sentiment of this review: it broke on the first day.'],
    ['writing', 'Write a short poem on autumn.'],
    ['question', 'Who was the first on the moon?'],
    ['chat', 'good morning to you'],
    ['other', `${'It was told again and again in the long evenings of that winter. '.repeat(4)}`],
    ['other', '  \n '],
  ] as const)('%s: %s', (kind, text) => {
    expect(textKindOf(text)).toBe(kind);
  });

  test('a request that brings tools is one of tools, whatever its words', () => {
    expect(textKindOf('Translate into French: the cat sleeps.', true)).toBe('tools');
  });

  test('what is asked may stand at the end of a long prompt; what stands in its middle is not looked at', () => {
    const long = 'The river went on and on through the valley. '.repeat(KIND_CHARS / 20);
    expect(textKindOf(`${long}\nSummarize this.`)).toBe('summary');
    expect(textKindOf(`${long}\nSummarize this.\n${long}`)).not.toBe('summary');
  });

  test('any text has one kind of the list, and the same each time', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\s;{(A-J.)$\\0-9+]{0,400}$/));
    fc.assert(
      fc.property(text, (one) => {
        const kind = textKindOf(one);
        expect(TEXT_KINDS).toContain(kind);
        expect(textKindOf(one)).toBe(kind);
      }),
    );
  });
});
