import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCbor,
  decodeFrame,
  decodeJson,
  encodeCbor,
  encodeJson,
  type Frame,
  isFrameError,
  KeyRing,
  pureDigests,
  Sealer,
  SIGNATURE_REFUSAL,
  type SigningKey,
} from '../src/index.ts';
import { flipBit, sampleBytes, sampleFrame } from '../src/testing/index.ts';
import { seededRng } from '@atp-router/kernel';
import { digests } from './support/digests.ts';
import { BARE, hexOf } from './support/frames.ts';

const secret = sampleBytes(seededRng(1), 32);
const key: SigningKey = { kid: 'k1', secret, not_before_ms: 1_000, not_after_ms: 2_000 };
const ring = new KeyRing([key]);
const sealer = new Sealer(digests);
const stamp = { nonce: 'n-1', ts: 1_500 };
const verdict = (frame: Frame, now_ms = 1_500, keys = ring): string => {
  const found = sealer.verify(frame, keys, now_ms);
  return found.ok ? 'ok' : found.fault;
};

describe('checksum and signature', () => {
  it('survive every way between the encodings', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const signed = sealer.sign(sealer.withChecksum(sampleFrame(seed)), key, stamp);
        const frame = sealer.withChecksum(signed);
        const json = encodeJson(frame);
        const cbor = encodeCbor(frame);
        const ways = [
          decodeJson(json),
          decodeCbor(cbor),
          decodeJson(encodeJson(decodeCbor(cbor))),
          decodeCbor(encodeCbor(decodeJson(json))),
        ];
        for (const way of ways) {
          expect(verdict(way)).toBe('ok');
          expect(sealer.checkChecksum(way)).toBe('good');
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('cover the frame without both, so that each can be put on or taken off', () => {
    const frame = sampleFrame(5);
    const signed = sealer.sign(frame, key, stamp);
    expect(sealer.withChecksum(signed).sig).toBe(signed.sig);
    expect(hexOf(sealer.covered(sealer.withChecksum(signed)))).toBe(hexOf(sealer.covered(signed)));
    const { sig: _sig, checksum: _checksum, ...bare } = sealer.withChecksum(signed);
    expect(hexOf(sealer.covered(signed))).toBe(hexOf(encodeCbor(bare)));
  });

  it('tell an absent checksum from a wrong one', () => {
    expect(sealer.checkChecksum(BARE)).toBe('absent');
    expect(sealer.checkChecksum({ ...sealer.withChecksum(BARE), ttl: 7 })).toBe('bad');
  });

  it('detect every flipped bit that changes a frame', () => {
    for (const seed of [1, 4, 7, 11]) {
      const frame = sealer.withChecksum(sealer.sign(sampleFrame(seed), key, stamp));
      for (const bytes of [encodeCbor(frame), new TextEncoder().encode(encodeJson(frame))]) {
        if (bytes.length > 1_200) continue;
        for (let bit = 0; bit < bytes.length * 8; bit += 1) {
          const read = readable(flipBit(bytes, bit));
          if (read === undefined || hexOf(encodeCbor(read)) === hexOf(encodeCbor(frame))) continue;
          const caught = verdict(read) !== 'ok' || sealer.checkChecksum(read) !== 'good';
          expect(caught, `seed ${seed} bit ${bit}`).toBe(true);
        }
      }
    }
  });

  it('detect any change of any member', () => {
    const frame = sealer.sign(
      { ...BARE, ttl: 3, payload: { type: 'agent.log', content: [1, { a: 'b' }] } },
      key,
      stamp,
    );
    const changes: readonly Partial<Frame>[] = [
      { session_id: 'x' },
      { stream_id: 'x' },
      { msg_seq: 1 },
      { frag_seq: 0 },
      { flags: [] },
      { qos: 'silver' },
      { ttl: 8 },
      { meta: {} },
      { nonce: 'n-2' },
      { ts: 1_501 },
      { payload: { type: 'agent.log', content: [1, { a: 'c' }] } },
    ];
    for (const change of changes)
      expect(verdict({ ...frame, ...change }), JSON.stringify(change)).toBe('bad_signature');
    expect(verdict({ ...frame, later: 1 } as Frame)).toBe('bad_signature');
  });

  it('are the same with the digests of the room itself', () => {
    const pure = new Sealer(pureDigests);
    for (let seed = 0; seed < 20; seed += 1) {
      const frame = sampleFrame(seed);
      expect(pure.checksum(frame)).toBe(sealer.checksum(frame));
      expect(pure.sign(frame, key, stamp)).toEqual(sealer.sign(frame, key, stamp));
    }
  });
});

describe('keys', () => {
  const signed = sealer.sign(BARE, key, stamp);

  it('are good from their first to before their last millisecond', () => {
    expect(verdict(signed, 999)).toBe('not_yet_valid');
    expect(verdict(signed, 1_000)).toBe('ok');
    expect(verdict(signed, 1_999)).toBe('ok');
    expect(verdict(signed, 2_000)).toBe('expired');
  });

  it('that are missing or wrong are told apart for the log only', () => {
    expect(verdict(BARE)).toBe('unsigned');
    expect(verdict({ ...signed, kid: 'k2' })).toBe('unknown_kid');
    const other = new KeyRing([{ ...key, secret: sampleBytes(seededRng(2), 32) }]);
    expect(verdict(signed, 1_500, other)).toBe('bad_signature');
    expect(SIGNATURE_REFUSAL).toEqual({ code: 'ESEC', reason: 'The frame was not accepted.' });
  });

  it('are rotated without a gap: the newest signs, each verifies until it ends', () => {
    const next: SigningKey = {
      ...key,
      kid: 'k2',
      secret: sampleBytes(seededRng(3), 32),
      not_before_ms: 1_800,
      not_after_ms: 3_000,
    };
    const both = ring.with(next);
    expect([900, 1_000, 1_799, 1_800, 2_999, 3_000].map((at) => both.signer(at)?.kid)).toEqual([
      undefined,
      'k1',
      'k1',
      'k2',
      'k2',
      undefined,
    ]);
    expect(verdict(signed, 1_900, both)).toBe('ok');
    expect(verdict(sealer.sign(BARE, next, stamp), 1_900, both)).toBe('ok');
    expect(both.pruned(2_000).size).toBe(1);
    expect(verdict(signed, 1_900, both.without('k1'))).toBe('unknown_kid');
    expect(ring.size).toBe(1);
  });

  it.each([
    ['twice the same id', [key, key], 'exists twice'],
    ['a short secret', [{ ...key, secret: secret.subarray(1) }], 'shorter than 32 bytes'],
    ['no id', [{ ...key, kid: '' }], 'not 1 to 128'],
    ['no time', [{ ...key, not_after_ms: 1_000 }], 'ends before it begins'],
    ['a time that is none', [{ ...key, not_after_ms: Number.NaN }], 'ends before it begins'],
  ])('with %s are refused', (_name, keys, words) => {
    expect(() => new KeyRing(keys)).toThrow(words);
  });
});

function readable(bytes: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (isFrameError(error)) return undefined;
    throw error;
  }
}
