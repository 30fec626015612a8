import { afterEach, describe, expect, test, vi } from 'vitest';
import { aliasTable, readAnswer } from '../../src/index.ts';
import { jsonInText } from '../../src/text/json-in-text.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('JSON in a text', () => {
  test('is found between brackets that are none, however many there are of these', () => {
    const prose = 'see [x], {y} and `if (a) { return b[i]; }` {] [} '.repeat(2_000);
    expect(jsonInText(`${prose}{"a": [1]} and [2]`)).toEqual([{ a: [1] }, [2]]);
    expect(jsonInText('{ "a": [1} {"b": 2]} [ ] {"c": "]}"}')).toEqual([[], { c: ']}' }]);
  });

  test.each(['{]', '{"]', '{"a"}', '{""}', '[1 2]', '[t]', '[{"a"}]', '[}', '```\n{"a"}\n```\n', '["\\"]'])(
    'a MiB of %j is given up after so many attempts',
    (unit) => {
      const text = unit.repeat(Math.floor(1_048_576 / unit.length));
      const parse = vi.spyOn(JSON, 'parse');
      readAnswer(text, { lane: 0, source: 's' }, { kind: 'auto' }, aliasTable());
      // The whole of it, 256 fences, 256 attempts between brackets: once for all who read an answer.
      expect(parse.mock.calls.length).toBeLessThanOrEqual(1 + 256 + 256);
    },
  );

  test('of an answer is read once', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const text = '{"findings": [{"type": "bug", "claim": "x"}], "confidence": 0.5}';
    const { findings, confidence, key } = readAnswer(text, { lane: 0, source: 's' }, { kind: 'auto' }, aliasTable());
    expect([findings?.length, confidence, key !== '']).toEqual([1, 0.5, true]);
    expect(parse).toHaveBeenCalledTimes(1);
  });
});
