import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasMoreValues } from '../../src/http/json-values.ts';

/** Commas and colons outside of strings, one character at a time. */
function counted(text: string): number {
  let count = 0;
  let inside = false;
  for (let i = 0; i < text.length; i += 1) {
    if (inside && text[i] === '\\') i += 1;
    else if (text[i] === '"') inside = !inside;
    else if (!inside && (text[i] === ',' || text[i] === ':')) count += 1;
  }
  return count;
}

describe('the values of a JSON text', () => {
  test('are counted as a reader counts them, whatever strings hold', () => {
    const text = fc.oneof(fc.json(), fc.string({ unit: fc.constantFrom('"', '\\', ',', ':', 'é', '1') }));
    fc.assert(
      fc.property(text, fc.nat(20), (json, limit) => {
        const bytes = Buffer.from(json);
        const is_short = bytes.length <= limit * 2;
        expect(hasMoreValues(bytes, limit)).toBe(!is_short && counted(json) > limit);
      }),
    );
  });

  test('of prose and pictures are few', () => {
    const prose = JSON.stringify({ messages: [{ content: 'one, two: "three", '.repeat(50_000) }] });
    expect(hasMoreValues(Buffer.from(prose), 10)).toBe(false);
  });
});
