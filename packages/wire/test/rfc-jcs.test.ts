import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalCbor, canonicalJson, decodeCbor, decodeJson, encodeCbor, encodeJson } from '../src/index.ts';
import { sampleFrame, sampleValue } from '../src/testing/index.ts';
import { refusal } from './support/frames.ts';

interface Sample {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly outhex: string;
}

const file = join(import.meta.dirname, 'data/jcs.json');
const { files } = JSON.parse(readFileSync(file, 'utf8')) as { readonly files: readonly Sample[] };

describe('RFC 8785 test data', () => {
  it('has six files', () => {
    expect(files).toHaveLength(6);
  });

  it.each(files)('$name', ({ input, output, outhex }) => {
    const text = canonicalJson(JSON.parse(input));
    expect(text).toBe(output);
    expect(Buffer.from(text).toString('hex')).toBe(outhex);
  });
});

describe('canonical JSON', () => {
  // Samples of RFC 8785 appendix B.
  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555554', '333333333.33333325'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ])('prints the double %s as %s', (hex, text) => {
    expect(canonicalJson(Buffer.from(hex, 'hex').readDoubleBE())).toBe(text);
  });

  it('does not depend on the order of members, nor on the way they came', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frame = sampleFrame(seed);
        const text = canonicalJson(frame);
        expect(canonicalJson(decodeJson(encodeJson(frame)))).toBe(text);
        expect(canonicalJson(decodeCbor(encodeCbor(frame)))).toBe(text);
        expect(canonicalJson(decodeJson(text))).toBe(text);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('tells values apart exactly as canonical CBOR does', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (a, b) => {
        const [left, right] = [sampleValue(a), sampleValue(b)];
        const same_json = canonicalJson(left) === canonicalJson(right);
        expect(Buffer.compare(canonicalCbor(left), canonicalCbor(right)) === 0).toBe(same_json);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('sorts by UTF-16 code units', () => {
    expect(canonicalJson({ '\ufb01': 1, '😀': 2, b: 3, a: 4, '': 5 })).toBe('{"":5,"a":4,"b":3,"😀":2,"\ufb01":1}');
  });

  it.each([
    ['NaN', Number.NaN, 'number'],
    ['infinity', Number.POSITIVE_INFINITY, 'number'],
    ['half a pair', ['\udc00'], 'utf8'],
    ['half a pair in a name', { '\ud800': 1 }, 'utf8'],
    ['undefined', undefined, 'type'],
    ['a date', new Date(0), 'type'],
    ['a bigint', 1n, 'type'],
  ])('refuses %s', (_name, value, fault) => {
    expect(refusal(() => canonicalJson(value)).fault).toBe(fault);
  });

  it('refuses circles, and depths above the limit', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect(refusal(() => canonicalJson(ring)).fault).toBe('too_deep');
    expect(canonicalJson([[1]], 2)).toBe('[[1]]');
    expect(refusal(() => canonicalJson([[1]], 1)).fault).toBe('too_deep');
  });
});
