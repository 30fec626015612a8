import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pattern } from '../../src/index.ts';

const found = (source: string, text: string): boolean | undefined => new Pattern(source).isIn(text);

test.each([
  ['^\\d{4}-\\d{2}-\\d{2}$', '2026-12-01', true],
  ['^\\d{4}-\\d{2}-\\d{2}$', ' 2026-12-01', false],
  ['(?i)as an ai', 'I am sorry: As an AI …', true],
  ['as an ai', 'As an AI', false],
  ['^(yes|no)\\.?$', 'no.', true],
  ['^(?:a|b)*$', 'abbac', false],
  ['[^a-c\\d]', 'abc123', false],
  ['[a-c-]', '-', true],
  ['^.$', '𝄞', true],
  ['', 'anything', true],
  ['^$', '', true],
  ['^$', 'x', false],
  ['a{2,3}', 'ba', false],
  ['^a{0}b{2,}$', 'bbbb', true],
  ['\\.\\{\\]', '.{]', true],
])('%j in %j: %s', (source, text, is) => {
  expect(found(source, text)).toBe(is);
});

test('says the same as the engine of the language, of patterns that both know', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\W', '^', '$', '(a|b)', '(?:ab)', '(a*b|)');
  const repeat = fc.constantFrom('', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?');
  const part = fc.tuple(atom, repeat).map(([one, how]) => (one === '^' || one === '$' ? one : one + how));
  const pattern = fc
    .tuple(fc.array(part, { maxLength: 6 }), fc.boolean())
    .map(([parts, either]) => parts.join('') + (either ? '|b1' : ''));
  fc.assert(
    fc.property(
      pattern,
      fc.string({ unit: fc.constantFrom('a', 'b', 'A', '1', '\n', ' '), maxLength: 12 }),
      (source, text) => {
        expect([source, text, found(source, text)]).toEqual([source, text, new RegExp(source, 'u').test(text)]);
        const any_case = found(`(?i)${source}`, text);
        expect([source, text, any_case]).toEqual([source, text, new RegExp(source, 'iu').test(text)]);
      },
    ),
    { numRuns: 2_000 },
  );
});

describe('what takes others ages', () => {
  test.each(['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*a){12}$'])('%s', (source) => {
    expect(found(source, `${'a'.repeat(65_000)}!`)).not.toBe(true);
  });

  test('is given up where it is too much work, and not counted as found or not', () => {
    expect(
      found(
        '(a|b)*a(a|b){400}$',
        Array.from({ length: 6_000 }, (_, i) => i.toString(2).replaceAll('0', 'b').replaceAll('1', 'a')).join(''),
      ),
    ).toBeUndefined();
  });
});

test.each([
  ['(a', /"\)" is missing/],
  ['a)', /closes nothing/],
  ['*a', /repeats nothing/],
  ['a**', /repeated again/],
  ['[a', /"\]" is missing/],
  ['[b-a]', /out of order/],
  ['a{3,2}', /below the least/],
  ['a{x}', /no numbers/],
  ['(?=a)', /neither ahead nor behind/],
  ['(a)\\1', /"\\1" is not known/],
  ['\\ba', /"\\b" is not known/],
  ['a\\', /ends too early/],
  ['(a{1000}){1000}', /more than 2000 steps/],
  ['('.repeat(40) + ')'.repeat(40), /more than 32 deep/],
  ['a'.repeat(513), /longer than 512/],
])('%j is refused, with the reason', (source, reason) => {
  expect(() => new Pattern(source)).toThrow(reason);
});
