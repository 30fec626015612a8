import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBytes, digestText, equalBytes, pureDigests } from '../src/index.ts';
import { digests } from './support/digests.ts';
import { hexOf } from './support/frames.ts';

describe('SHA-256 and HMAC without a library', () => {
  it('are those of the runtime, for every length around a block', () => {
    for (let length = 0; length <= 300; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
      expect(hexOf(pureDigests.sha256(bytes)), `length ${length}`).toBe(hexOf(digests.sha256(bytes)));
      expect(hexOf(pureDigests.hmacSha256(bytes, bytes)), `length ${length}`).toBe(
        hexOf(digests.hmacSha256(bytes, bytes)),
      );
    }
  });

  it('take views of larger memory', () => {
    const memory = Uint8Array.from({ length: 400 }, (_, i) => i & 0xff);
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (from, length) => {
        const view = memory.subarray(from, from + length);
        expect(hexOf(pureDigests.sha256(view))).toBe(hexOf(digests.sha256(view)));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('are those of the standards (FIPS 180-4, RFC 4231)', () => {
    const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(hexOf(pureDigests.sha256(ascii('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(hexOf(pureDigests.hmacSha256(ascii('Jefe'), ascii('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    expect(
      hexOf(
        pureDigests.hmacSha256(
          new Uint8Array(131).fill(0xaa),
          ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
        ),
      ),
    ).toBe('60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54');
  });

  it('are written and read as text', () => {
    const digest = pureDigests.sha256(new Uint8Array(0));
    expect(digestText(digest)).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digestBytes(digestText(digest))).toEqual(digest);
  });

  it('are compared whole', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
    expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });
});
