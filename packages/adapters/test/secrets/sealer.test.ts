import { randomBytes } from 'node:crypto';
import { isAtpError } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aesGcmSealer } from '../../src/secrets/index.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const plain = fc.uint8Array({ maxLength: 2_000 });

function refuses(open: () => unknown): boolean {
  try {
    open();
    return false;
  } catch (error) {
    return isAtpError(error) && error.code === 'internal_error';
  }
}

describe('sealing', () => {
  test('round trip, and the text does not show what is in it', () => {
    fc.assert(
      fc.property(key, plain, (k, bytes) => {
        const sealer = aesGcmSealer(k);
        const sealed = sealer.seal(bytes);
        expect(new Uint8Array(sealer.open(sealed))).toEqual(bytes);
        expect(sealed).toMatch(/^[A-Za-z0-9+/]+=*$/);
        if (bytes.length > 8) expect(Buffer.from(sealed, 'base64').includes(Buffer.from(bytes))).toBe(false);
      }),
    );
  });

  test('the same bytes never look the same twice', () => {
    const sealer = aesGcmSealer(randomBytes(32));
    expect(new Set(Array.from({ length: 200 }, () => sealer.seal(new Uint8Array(3)))).size).toBe(200);
  });

  test('a changed bit anywhere is noticed', () => {
    fc.assert(
      fc.property(key, plain, fc.nat(), fc.integer({ min: 0, max: 7 }), (k, bytes, at, bit) => {
        const sealer = aesGcmSealer(k);
        const sealed = Buffer.from(sealer.seal(bytes), 'base64');
        const i = at % sealed.length;
        sealed[i] = (sealed[i] ?? 0) ^ (1 << bit);
        expect(refuses(() => sealer.open(sealed.toString('base64')))).toBe(true);
      }),
    );
  });

  test('a text that was cut short or grew is noticed, down to nothing', () => {
    fc.assert(
      fc.property(
        key,
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (k, bytes, tail) => {
          const sealer = aesGcmSealer(k);
          const sealed = Buffer.from(sealer.seal(bytes), 'base64');
          for (let length = 0; length < sealed.length; length += 1) {
            expect(refuses(() => sealer.open(sealed.subarray(0, length).toString('base64')))).toBe(true);
          }
          expect(refuses(() => sealer.open(Buffer.concat([sealed, tail]).toString('base64')))).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('another key does not open it', () => {
    fc.assert(
      fc.property(key, key, plain, (k, other, bytes) => {
        fc.pre(Buffer.compare(k, other) !== 0);
        expect(refuses(() => aesGcmSealer(other).open(aesGcmSealer(k).seal(bytes)))).toBe(true);
      }),
    );
  });
});
