import { describe, expect, it } from 'vitest';
import {
  contentDigest,
  decodeJson,
  differingLeaves,
  digestText,
  encodeJson,
  type Frame,
  type FragmentPolicy,
  isFragment,
  leafDigest,
  merkleRoot,
  type WireValue,
} from '../src/index.ts';
import { digests } from './support/digests.ts';
import { BARE, hexOf } from './support/frames.ts';
import { message, split, TEXT } from './support/fragments.ts';

describe('cutting a message', () => {
  it('leaves what is small enough as it is', () => {
    for (const frame of [
      BARE,
      message('x'.repeat(16)),
      message(new Uint8Array(32)),
      message({ a: 1 }),
      message(null),
    ]) {
      expect(split(frame)).toEqual([frame]);
    }
    expect(split(message('x'.repeat(17)))).toHaveLength(2);
    expect(split(message(new Uint8Array(33)))).toHaveLength(2);
  });

  it('puts MORE on all but the last, which has the seal', () => {
    const parts = split(
      message(TEXT, { qos: 'gold', ttl: 3, flags: ['ECN'], meta: { risk: 'low' } }, { persona_id: 'p', clone_id: 'c' }),
    );
    expect(parts.length).toBeGreaterThan(3);
    for (const [i, part] of parts.entries()) {
      const is_last = i === parts.length - 1;
      expect(part.flags ?? []).toEqual([...(i === 0 ? ['ECN'] : []), ...(is_last ? [] : ['MORE'])]);
      expect(part.frag_seq ?? 0).toBe(i);
      expect(part).toMatchObject({ session_id: 's', stream_id: 't', msg_seq: 0, qos: 'gold', ttl: 3 });
      expect(part.payload).toMatchObject({ type: 'agent.log', persona_id: 'p', clone_id: 'c' });
      expect(part.payload?.frag !== undefined).toBe(is_last);
      expect(part.meta !== undefined).toBe(i === 0);
      expect(isFragment(part)).toBe(true);
      expect(decodeJson(encodeJson(part))).toEqual(part);
    }
    const bytes = parts.map(({ payload }) => new TextEncoder().encode(payload?.content as string).length);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(16);
    expect(parts.at(-1)?.payload?.frag?.bytes).toBe(new TextEncoder().encode(TEXT).length);
  });

  it('follows tier and kind', () => {
    const policy: FragmentPolicy = {
      gold: { text_bytes: 40, binary_bytes: 80 },
      silver: { text_bytes: 20, binary_bytes: 40 },
      bronze: { text_bytes: 10, binary_bytes: 20 },
    };
    const count = (content: WireValue, qos?: Frame['qos']): number =>
      split(message(content, qos === undefined ? {} : { qos }), policy).length;
    expect([count('x'.repeat(80), 'gold'), count('x'.repeat(80)), count('x'.repeat(80), 'bronze')]).toEqual([2, 4, 8]);
    expect([count(new Uint8Array(80), 'gold'), count(new Uint8Array(80), 'bronze')]).toEqual([1, 4]);
  });

  it('does not copy bytes', () => {
    const content = new Uint8Array(100);
    for (const { payload } of split(message(content)))
      expect(payload).toMatchObject({ content: { buffer: content.buffer } });
  });

  it('takes signatures off: they were about something else', () => {
    const signed = { nonce: 'n', ts: 1, kid: 'k', sig: 'A'.repeat(43), checksum: `sha256:${'0'.repeat(64)}` };
    for (const part of split(message(TEXT, signed))) {
      expect(Object.keys(part)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(nonce|ts|kid|sig|checksum)$/)]),
      );
    }
  });
});

describe('digests', () => {
  it('of leaves and nodes are told apart (RFC 6962)', () => {
    // The tree of certificate-transparency-go's reference test: sizes 1 to 4 of its inputs.
    const leaves = ['', '00', '10', '2021'].map((hex) => leafDigest(Uint8Array.from(Buffer.from(hex, 'hex')), digests));
    expect([1, 2, 3, 4].map((size) => hexOf(merkleRoot(leaves.slice(0, size), digests)))).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('split as the RFC does, at the largest power of two below', () => {
    const reference = (leaves: readonly Uint8Array[]): Uint8Array => {
      if (leaves.length === 1) return leaves[0] as Uint8Array;
      let k = 1;
      while (k * 2 < leaves.length) k *= 2;
      const [left, right] = [reference(leaves.slice(0, k)), reference(leaves.slice(k))];
      return digests.sha256(Uint8Array.of(1, ...left, ...right));
    };
    for (let size = 1; size <= 40; size += 1) {
      const leaves = Array.from({ length: size }, (_, i) => leafDigest(Uint8Array.of(i), digests));
      expect(hexOf(merkleRoot(leaves, digests))).toBe(hexOf(reference(leaves)));
    }
  });

  it('of a content are those of its one fragment', () => {
    const leaf = (bytes: Uint8Array): string => digestText(leafDigest(bytes, digests));
    expect(contentDigest('é', digests)).toBe(leaf(Uint8Array.of(0xc3, 0xa9)));
    expect(contentDigest(Uint8Array.of(1), digests)).toBe(leaf(Uint8Array.of(1)));
    expect(contentDigest({ b: 1, a: 2 }, digests)).toBe(contentDigest({ a: 2, b: 1 }, digests));
  });

  it('name the fragments that differ', () => {
    expect(differingLeaves(['a', 'b', 'c'], ['a', 'x', 'c'])).toEqual([1]);
    expect(differingLeaves(['a', 'b'], ['a', 'b', 'c'])).toEqual([2]);
  });
});
