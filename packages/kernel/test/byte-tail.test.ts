import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteTail } from '../src/index.ts';

const KINDS = ['view', 'copy'] as const;

/** Cuts a stream of pieces of `size` bytes out of chunks, as a reader does. */
function pieces(tail: ByteTail, chunks: readonly Uint8Array[], size: number): Uint8Array[] {
  return chunks.flatMap((chunk) => {
    const bytes = tail.with(chunk);
    const whole = Math.floor(bytes.length / size);
    const found = Array.from({ length: whole }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    tail.keep(bytes, whole * size);
    return found;
  });
}

describe.each(KINDS)('the tail of a stream, kept as a %s', (kind) => {
  test('gives the same pieces whatever the chunks are, and what was handed out stays as it was', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 12 }), (lengths, size) => {
        let next = 0;
        const chunks = lengths.map((length) => Uint8Array.from({ length }, () => next++ & 0xff));
        const tail = new ByteTail(kind);
        const found = pieces(tail, chunks, size);
        const all = [...found, tail.bytes].flatMap((piece) => [...piece]);
        expect(all).toEqual(chunks.flatMap((chunk) => [...chunk]));
        expect(tail.length).toBe(next % size);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('is nothing after it was cleared', () => {
    const tail = new ByteTail(kind);
    tail.keep(tail.with(Uint8Array.of(1, 2)), 0);
    tail.clear();
    const chunk = Uint8Array.of(3);
    expect([tail.length, tail.bytes.length]).toEqual([0, 0]);
    expect(tail.with(chunk)).toBe(chunk);
  });

  test('does not copy a chunk that is read whole', () => {
    const tail = new ByteTail(kind);
    const chunk = Uint8Array.of(1, 2, 3);
    expect(tail.with(chunk)).toBe(chunk);
    tail.keep(chunk, 3);
    expect(tail.with(chunk)).toBe(chunk);
  });
});

test('a copy does not change with its chunk', () => {
  const kept = KINDS.map((kind) => {
    const tail = new ByteTail(kind);
    const chunk = Uint8Array.of(1, 2, 3);
    tail.keep(tail.with(chunk), 1);
    chunk.fill(9);
    return [...tail.bytes];
  });
  expect(kept).toEqual([
    [9, 9],
    [2, 3],
  ]);
});
