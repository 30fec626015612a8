import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, decodeJson, encodeCbor, encodeJson, type Frame } from '../../src/index.ts';
import { sampleFrame } from '../../src/testing/index.ts';
import { DIFFERENCES_MAX, diffFrames, toHex } from '../../src/tools/index.ts';

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const frame = (payload?: Frame['payload']): Frame => ({
  ...{ v: 1, session_id: 's', stream_id: '1', msg_seq: 0 },
  ...(payload && { payload }),
});
const filled = (one: Frame): Frame => ({ frag_seq: 0, flags: [], qos: 'silver', ttl: 8, ...one });

describe('differences of frames', () => {
  it('are none between the encodings of one frame', () => {
    fc.assert(
      fc.property(seed, (n) => {
        const one = sampleFrame(n);
        expect(diffFrames(decodeJson(encodeJson(one)), decodeCbor(encodeCbor(one)))).toEqual([]);
      }),
    );
  });

  it('are none exactly when the frames mean the same', () => {
    fc.assert(
      fc.property(seed, seed, fc.boolean(), (n, m, same_head) => {
        const left = sampleFrame(n);
        const right = same_head ? { ...left, msg_seq: left.msg_seq === 0 ? m % 2 : 0 } : sampleFrame(m);
        const bytes = [left, right].map((one) => toHex(encodeCbor(filled(one), { ...LIMITS })));
        expect(diffFrames(left, right as Frame).length === 0).toBe(bytes[0] === bytes[1]);
      }),
    );
  });

  it('name the places of what was added, removed and changed', () => {
    const left = frame({ type: 'agent.log', content: { a: [1, { b: 'x' }], gone: null, 'odd name': 1 } });
    const right = {
      ...frame({ type: 'agent.log', content: { a: [1, { b: 'y' }, 2], 'odd name': 2 } }),
      qos: 'gold',
    } as const;
    expect(diffFrames(left, right)).toEqual([
      { path: 'qos', left: 'silver', right: 'gold' },
      { path: 'payload.content.a[1].b', left: 'x', right: 'y' },
      { path: 'payload.content.a[2]', right: 2 },
      { path: 'payload.content.gone', left: null },
      { path: 'payload.content."odd name"', left: 1, right: 2 },
    ]);
  });

  it('tell bytes from their mark, and defaults from nothing', () => {
    const bytes = frame({ type: 'x', content: Uint8Array.of(1) });
    expect(diffFrames(bytes, frame({ type: 'x', content: 'AQ' }))).toHaveLength(1);
    expect(diffFrames(frame(), filled(frame()))).toEqual([]);
  });

  it('are bounded', () => {
    const long = (n: number): Frame => frame({ type: 'x', content: Array.from({ length: 5_000 }, () => n) });
    expect(diffFrames(long(1), long(2))).toHaveLength(DIFFERENCES_MAX);
  });
});

const LIMITS = { frame_bytes: 2 ** 22, depth: 64, items: 2 ** 20 };
