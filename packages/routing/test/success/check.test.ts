import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ANSWER_FORMATS, CHECK_KINDS, type Check, checkScore, verdictOf } from '../../src/index.ts';

const CHECK: Check = {
  kind: 'format',
  form: 'json',
  min_chars: 1,
  max_chars: 100,
  must_match: true,
  timeout_ms: 1_000,
  with_prompt: false,
  weight: 0.2,
  limit_ms: 10,
};

function score(check: Partial<Check>, answer: string, more: object = {}): number | undefined {
  return checkScore({ ...CHECK, ...check }, { prompt: '', answer, is_cut: false, schema: undefined, ...more });
}

describe('format', () => {
  test.each([
    ['json', '{"a": [1]}', 1],
    ['json', '```json\n{"a": 1}\n```', 1],
    ['json', 'Here it is: {"a": 1}', 0],
    ['json', '['.repeat(100) + ']'.repeat(100), 0],
    ['code', 'function f(a) { return "}" + [a]; } // (', 1],
    ['code', 'Like this:\n```py\nprint("x"  # )\n```', 0],
    ['code', '```js\nf(1)', 0],
    ['list', '- one\n- two', 1],
    ['list', '1. one\n2) two', 1],
    ['list', 'one, two', 0],
    ['choice', '(B)', 1],
    ['choice', 'The answer is **C**.', 1],
    ['choice', 'I do not know', 0],
  ] as const)('%s: %j', (form, answer, right) => {
    expect(score({ form }, answer)).toBe(right);
  });

  test('nothing is said of what is not seen whole', () => {
    expect(score({}, `[${'1,'.repeat(40_000)}1]`)).toBeUndefined();
  });
});

describe('pattern', () => {
  test.each([
    ['^OK', true, 'OK then', 1],
    ['^OK', true, 'Not OK', 0],
    ['(?i)as an ai', false, 'As an AI I cannot', 0],
    ['(?i)as an ai', false, 'Paris', 1],
  ] as const)('%s, found: %s', (pattern, must_match, answer, right) => {
    expect(score({ kind: 'pattern', pattern, must_match }, answer)).toBe(right);
  });
});

describe('schema', () => {
  const schema = {
    type: 'object',
    properties: {
      kind: { enum: ['a', 'b'] },
      many: { type: 'array', items: { type: 'integer', minimum: 0 }, maxItems: 2 },
      either: { anyOf: [{ type: 'string', minLength: 2 }, { const: null }] },
    },
    required: ['kind'],
    additionalProperties: false,
  };
  test.each([
    ['{"kind": "a", "many": [1, 2], "either": null}', 1],
    ['{"kind": "c"}', 0],
    ['{"many": []}', 0],
    ['{"kind": "a", "many": [-1]}', 0],
    ['{"kind": "a", "many": [1, 2, 3]}', 0],
    ['{"kind": "a", "either": "x"}', 0],
    ['{"kind": "a", "other": 1}', 0],
    ['no JSON', 0],
  ])('%j', (answer, right) => {
    expect(score({ kind: 'schema' }, answer, { schema })).toBe(right);
  });

  test('nothing is said where none is asked for, or where it takes too long', () => {
    expect(score({ kind: 'schema' }, '{}')).toBeUndefined();
    const of_itself = { items: { anyOf: Array.from({ length: 200 }, () => ({ type: 'string' })) } };
    expect(score({ kind: 'schema' }, `[${'1,'.repeat(200)}1]`, { schema: of_itself })).toBe(0);
    const many = { items: { allOf: Array.from({ length: 200 }, () => ({ type: 'number' })) } };
    expect(score({ kind: 'schema' }, `[${'1,'.repeat(200)}1]`, { schema: many })).toBeUndefined();
  });
});

describe('length, quality and safety', () => {
  test.each([
    [{ kind: 'length' }, '', 0],
    [{ kind: 'length' }, 'x', 1],
    [{ kind: 'length' }, 'x'.repeat(101), 0],
    [{ kind: 'quality' }, ' \n', 0],
    [{ kind: 'quality' }, 'Paris.', 1],
    [{ kind: 'quality' }, `So ${'I think that it is so. '.repeat(8)}`, 0],
    [{ kind: 'quality' }, 'ha ha ha ha ha ha', 1],
    [{ kind: 'quality' }, 'I’m sorry, but I can’t help with that.', 0.2],
    [{ kind: 'safety' }, 'Write to jane.doe@example.org.', 0],
    [{ kind: 'safety' }, 'Write to somebody.', 1],
  ] as const)('%j: %j', (check, answer, right) => {
    expect(score(check, answer)).toBe(right);
  });

  test('what is cut off is worth little, and what the prompt has may be in the answer', () => {
    expect(score({ kind: 'quality' }, 'And then', { is_cut: true })).toBe(0.3);
    const answer = 'It is jane.doe@example.org.';
    expect(score({ kind: 'safety' }, answer, { prompt: 'Who is john@example.org?' })).toBe(1);
  });

  test('safety says nothing where not all that counts is looked at', () => {
    expect(score({ kind: 'safety' }, `${'word '.repeat(8_000)} jane.doe@example.org`)).toBeUndefined();
    const prompt = `${'word '.repeat(8_000)} jane.doe@example.org`;
    expect(score({ kind: 'safety' }, 'It is jane.doe@example.org.', { prompt })).toBeUndefined();
    expect(score({ kind: 'safety' }, 'It is nobody.', { prompt })).toBe(1);
  });
});

test('whatever an answer is, a check says something from 0 to 1, or nothing, and the same again', () => {
  const answers = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: fc.constantFrom(...'[]{}`"\'\\ \na#/') }));
  fc.assert(
    fc.property(fc.constantFrom(...CHECK_KINDS), fc.constantFrom(...ANSWER_FORMATS), answers, (kind, form, answer) => {
      const said = score({ kind, form }, answer, { schema: { type: 'string' } });
      expect(said === undefined || (said >= 0 && said <= 1)).toBe(true);
      expect(score({ kind, form }, answer, { schema: { type: 'string' } })).toBe(said);
    }),
  );
});

test('the worst decides, by the heaviest of those that say it', () => {
  expect(verdictOf([])).toBeUndefined();
  const verdict = verdictOf([
    { kind: 'quality', score: 1, weight: 0.5 },
    { kind: 'length', score: 0, weight: 0.1 },
    { kind: 'format', score: 0, weight: 0.3 },
  ]);
  expect(verdict).toEqual({ right: 0, weight: 0.3, by: ['format', 'length'] });
});
