import { describe, expect, it } from 'vitest';
import { decodeCborValue, encodeCborValue, type FrameFault, type WireValue } from '../src/index.ts';
import { bytesOf, hexOf, refusal } from './support/frames.ts';

interface Vector {
  readonly hex: string;
  readonly roundtrip: boolean;
  readonly decoded?: WireValue;
  readonly diagnostic?: string | number;
}

/**
 * The vectors of https://github.com/cbor/test-vectors, as the pinned cborg, which the bench uses, has them in its own tests: so they
 * are there wherever tests run.
 */
const PATH = '../../../node_modules/cborg/test/appendix_a.js';
const { fixtures } = (await import(PATH)) as {
  readonly fixtures: readonly (Omit<Vector, 'decoded'> & { readonly decoded?: WireValue | bigint })[];
};
const vectors = fixtures.map(asOfTheRfc);

/** As the RFC's own table has it, in doubles: cborg reads large integers as bigints, and does not write the sign of 0. */
function asOfTheRfc({ decoded, ...rest }: (typeof fixtures)[number]): Vector {
  if (rest.hex === 'f98000') return { ...rest, decoded: -0, roundtrip: true };
  if (decoded === undefined) return rest;
  return { ...rest, decoded: typeof decoded === 'bigint' ? Number(decoded) : decoded };
}

/** What of RFC 8949's own encodings is not taken, and why. All others must come back byte for byte. */
function refused({ hex, roundtrip, decoded }: Vector): FrameFault | undefined {
  if (/^(c|d|f0|f7|f8)/.test(hex)) return 'unsupported';
  if (!roundtrip) return 'non_canonical';
  if (hex === 'a201020304') return 'unsupported';
  if (typeof decoded !== 'number') return undefined;
  if (/^[13]b/.test(hex) && !Number.isSafeInteger(decoded)) return 'number';
  // An integer is written as one: in JavaScript and in JSON 1.0 is 1.
  return /^f/.test(hex) && Number.isSafeInteger(decoded) && !Object.is(decoded, -0) ? 'non_canonical' : undefined;
}

function expected({ hex, decoded, diagnostic }: Vector): WireValue {
  if (decoded !== undefined) return decoded;
  if (typeof diagnostic === 'number') return diagnostic;
  if (diagnostic?.startsWith("h'")) return bytesOf(diagnostic.slice(2, -1));
  throw new Error(`what is ${hex}?`);
}

describe('RFC 8949 appendix A', () => {
  it('has 82 encodings', () => {
    expect(vectors).toHaveLength(82);
    expect(vectors.filter((vector) => refused(vector) === undefined)).toHaveLength(45);
  });

  it.each(vectors.map((vector) => ({ ...vector, fault: refused(vector) })))('$hex', (vector) => {
    const bytes = bytesOf(vector.hex);
    if (vector.fault !== undefined) {
      expect(refusal(() => decodeCborValue(bytes)).fault).toBe(vector.fault);
      if (!vector.roundtrip && vector.decoded !== undefined) {
        expect(decodeCborValue(encodeCborValue(vector.decoded))).toEqual(vector.decoded);
      }
      return;
    }
    const value = expected(vector);
    expect(decodeCborValue(bytes)).toEqual(value);
    expect(hexOf(encodeCborValue(value))).toBe(vector.hex);
  });
});

describe('floats', () => {
  it.each([
    [2 ** -24, 'f90001'],
    [1023 * 2 ** -24, 'f903ff'],
    [2 ** -14, 'f90400'],
    [2 ** -25, 'fa33000000'],
    [65_504.5, 'fa477fe080'],
    [1.0009765625, 'f93c01'],
    [1.00048828125, 'fa3f801000'],
    [-(2 ** -24), 'f98001'],
    [5e-324, 'fb0000000000000001'],
    [2 ** -149, 'fa00000001'],
    [0.1, 'fb3fb999999999999a'],
    [-0, 'f98000'],
    [2 ** 53, 'fa5a000000'],
  ])('%d is %s', (value, hex) => {
    expect(hexOf(encodeCborValue(value))).toBe(hex);
    expect(decodeCborValue(bytesOf(hex))).toBe(value);
  });

  it('are the shortest that are exact, for every half', () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      const bytes = Uint8Array.of(0xf9, bits >>> 8, bits & 0xff);
      const exponent = (bits >>> 10) & 31;
      const view = new DataView(Uint8Array.of(0, 0, 0, 0).buffer);
      view.setUint32(0, singleOf(bits));
      const value = view.getFloat32(0);
      if (exponent === 31 && (bits & 1023) !== 0) continue;
      if (Number.isSafeInteger(value) && !Object.is(value, -0))
        expect(refusal(() => decodeCborValue(bytes)).fault).toBe('non_canonical');
      else if (decodeCborValue(bytes) !== value || hexOf(encodeCborValue(value)) !== hexOf(bytes)) {
        throw new Error(`half ${bits.toString(16)}`);
      }
    }
  });
});

/** Bits of the single with the value of a half, by another way than the code takes. */
function singleOf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 31;
  let fraction = half & 1023;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  let shift = 113;
  while ((fraction & 1024) === 0) {
    fraction <<= 1;
    shift -= 1;
  }
  return (sign | (shift << 23) | ((fraction & 1023) << 13)) >>> 0;
}
