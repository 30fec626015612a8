import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosine, type Embedder, hashedEmbedder, Vectors } from '../../src/index.ts';

const embedder = hashedEmbedder();
const of = (text: string): Float32Array => embedder.embed([text])[0] ?? new Float32Array(0);
const near = (a: string, b: string): number => cosine(of(a), of(b));

describe('hashed n-grams', () => {
  test('have length 1, whatever the text; 0 without words', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
        (text) => {
          const vector = of(text);
          const length = Math.hypot(...vector);
          expect(vector).toHaveLength(256);
          expect(length === 0 || Math.abs(length - 1) < 1e-6).toBe(true);
        },
      ),
    );
    expect(Math.hypot(...of('?!'))).toBe(0);
  });

  test('are the same everywhere: these numbers come from another implementation, in Python', () => {
    const found = Array.from(hashedEmbedder(8).embed(['Müller 猫 👍'])[0] ?? [], (value) => value.toFixed(6));
    expect(found).toEqual([
      '-0.378001',
      '0.217342',
      '0.283889',
      '-0.217342',
      '-0.133094',
      '0.217342',
      '-0.532377',
      '0.577642',
    ]);
  });

  test('see forms of words and order, not case and punctuation', () => {
    expect(near('The handle leaks!', 'the HANDLE leaks')).toBeCloseTo(1, 6);
    const [one, form, other] = ['closing the file handle', 'the file handle is closed', 'password in plain text'];
    expect(near(one, form)).toBeGreaterThan(0.4);
    expect(Math.abs(near(one, other))).toBeLessThan(0.25);
    expect(near('dog bites man', 'man bites dog')).toBeLessThan(0.99);
  });

  test('a cosine is symmetric and within -1 and 1; of vectors of two lengths it is 0', () => {
    const vector = fc.float32Array({ minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(cosine(a, b)).toBe(cosine(b, a));
        expect(Math.abs(cosine(a, b))).toBeLessThanOrEqual(1);
      }),
    );
    expect(cosine(new Float32Array([1]), new Float32Array([1, 0]))).toBe(0);
  });

  test('a text is embedded once while it is kept; the oldest goes first', () => {
    const asked: string[] = [];
    const counting: Embedder = {
      ...embedder,
      embed: (texts) => {
        asked.push(...texts);
        return embedder.embed(texts);
      },
    };
    const vectors = new Vectors(counting, 2);
    for (const text of ['a', 'b', 'a', 'b', 'c', 'b', 'a']) vectors.of(text);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
