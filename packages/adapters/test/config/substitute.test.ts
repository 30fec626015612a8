import { describe, expect, test } from 'vitest';
import { substitute } from '../../src/config/substitute.ts';
import { editDistance, suggest } from '../../src/config/suggest.ts';
import { insert, replace, valid } from './support.ts';

const sources = {
  env: (name: string): string | undefined => ({ A: 'a', EMPTY: '', NESTED: '${A}', toString: undefined })[name],
  file: (path: string): string | undefined => ({ '/k': 'key\n', two: 'x\n\n' })[path],
};

describe('substitution', () => {
  test.each([
    ['plain', 'plain'],
    ['${A}', 'a'],
    ['x-${A}-${A}', 'x-a-a'],
    ['${EMPTY}', ''],
    ['${file:/k}', 'key'],
    ['${file:two}', 'x\n'],
    ['$${A}', '${A}'],
    ['$${A} ${A}', '${A} a'],
    ['$A and $', '$A and $'],
  ])('%s becomes %s', (text, wanted) => {
    const found = substitute(text, sources);
    expect(found.kind === 'unchanged' ? text : found.kind === 'resolved' ? found.value : found).toBe(wanted);
  });

  test('what was inserted is not scanned again', () =>
    expect(substitute('${NESTED}', sources)).toEqual({ kind: 'resolved', value: '${A}', secret: true }));

  test('an escape alone is no secret', () => expect(substitute('$${A}', sources)).toMatchObject({ secret: false }));

  test.each(['${}', '${A', '${A-B}', '${A:-x}', '${NONE}', '${file:}', '${file:/none}'])('%s is a fault', (text) => {
    expect(substitute(text, sources)).toMatchObject({ kind: 'failed', faults: [{}] });
  });
});

describe('in a file', () => {
  test('text becomes a number or truth value where one belongs', () => {
    const text = insert(4, '    allow_any_model: ${YES}', '    breaker: { failure_ratio: "${HALF}" }').replace(
      '8000',
      '${CONTEXT}',
    );
    const config = valid(text, { YES: 'true', HALF: '0.5', CONTEXT: '8000' });
    expect(config.providers[0]).toMatchObject({ allow_any_model: true, breaker: { failure_ratio: 0.5 } });
    expect(config.models[0]?.context).toBe(8_000);
  });

  test('text stays text where text belongs', () => {
    expect(valid(replace(4, '    api_key: ${KEY}'), { KEY: '12345' }).providers[0]?.api_key).toBe('12345');
  });

  test('works inside quotes and after other text', () => {
    expect(valid(replace(4, '    api_key: "sk-${KEY}"'), { KEY: '1' }).providers[0]?.api_key).toBe('sk-1');
  });
});

describe('suggestions', () => {
  test.each([
    ['modles', ['models', 'agents'], 'models'],
    ['api_kye', ['api_key', 'api'], 'api_key'],
    ['TENANTS', ['tenants'], 'tenants'],
    ['small', ['smell', 'stall', 'mall'], 'smell'],
    ['xyz', ['models'], undefined],
    ['', ['a'], undefined],
    ['a'.repeat(65), ['a'.repeat(64)], undefined],
  ])('%s among %j is %s', (word, candidates, wanted) => expect(suggest(word, candidates)).toBe(wanted));

  test.each([
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['same', 'same', 0],
  ])('distance of %s and %s is %d', (a, b, wanted) => {
    expect(editDistance(a, b)).toBe(wanted);
    expect(editDistance(b, a)).toBe(wanted);
  });
});
