import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalCbor,
  CborEncoder,
  decodeCbor,
  decodeJson,
  encodeCbor,
  encodeJson,
  type Frame,
  FRAME_KEYS,
  WIRE_LIMITS,
} from '../src/index.ts';
import { flipBit, sampleFrame } from '../src/testing/index.ts';
import { BARE, bytesOf, hexOf, refusal } from './support/frames.ts';

/** The bare frame: v, session "s", stream "t", message 0. */
const HEAD = '0001 016173 026174 0300';
const frameHex = (members: number, more: string): Uint8Array =>
  bytesOf(`${(0xa0 + members).toString(16)} ${HEAD} ${more}`);
const payloadHex = (content: string): Uint8Array => frameHex(5, `0a a2 00 69 6167656e742e6c6f67 01 ${content}`);
const contentOf = (hex: string): unknown => decodeCbor(payloadHex(hex)).payload?.content;
/** Where the content begins in `payloadHex`. */
const AT = payloadHex('').length;

describe('CBOR frames', () => {
  it('mean what they mean in JSON', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frame = sampleFrame(seed);
        const bytes = encodeCbor(frame);
        const decoded = decodeCbor(bytes);
        expect(decoded).toEqual(frame);
        expect(encodeCbor(decoded)).toEqual(bytes);
        expect(encodeCbor(decodeJson(encodeJson(decoded)))).toEqual(bytes);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('are the same whatever the order of members was', () => {
    const reversed = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
      if (Array.isArray(value)) return value.map(reversed);
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, one]) => [name, reversed(one)]),
      );
    };
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frame = sampleFrame(seed);
        expect(encodeCbor(reversed(frame) as Frame)).toEqual(encodeCbor(frame));
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('sort many members as few', () => {
    const names = Array.from({ length: 200 }, (_, i) => `${'n'.repeat(i % 30)}${i}`);
    const content = Object.fromEntries(names.map((name, i) => [name, i]));
    const frame: Frame = { ...BARE, payload: { type: 'agent.log', content } };
    expect(decodeCbor(encodeCbor(frame))).toEqual(frame);
  });

  it('have one byte for each known name', () => {
    expect(encodeCbor(BARE)).toEqual(frameHex(4, ''));
    expect(FRAME_KEYS.names).toEqual([
      ...['v', 'session_id', 'stream_id', 'msg_seq', 'frag_seq', 'flags', 'qos', 'ttl', 'window', 'meta', 'payload'],
      ...['nonce', 'ts', 'kid', 'sig', 'checksum'],
    ]);
    expect(FRAME_KEYS.nested.map((table) => table?.names.join(' ') ?? '').filter((names) => names !== '')).toEqual([
      'max_parallel max_tokens max_usd_micros',
      'task_type languages risk data_scope trace tool_permissions environment_id security_groups deadline_ms idempotency_key vector_clock node_id via',
      'type content confidence cost_est checksum expiry_ms persona_id clone_id seq frag',
    ]);
  });

  it('carry bytes as bytes, which are not copied', () => {
    const input = payloadHex('44 00010203');
    const content = decodeCbor(input).payload?.content as Uint8Array;
    expect(content).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(content.buffer).toBe(input.buffer);
    const from_node = decodeCbor(Buffer.from(input)).payload?.content as Uint8Array;
    expect(Object.getPrototypeOf(from_node)).toBe(Uint8Array.prototype);
  });

  it('keep members named as parts of the language', () => {
    const frame = decodeJson(
      '{"v":1,"session_id":"s","stream_id":"t","msg_seq":0,"__proto__":{"ttl":1},"constructor":2}',
    );
    const decoded = decodeCbor(encodeCbor(frame));
    expect(decoded).toEqual(frame);
    expect(decoded.ttl).toBeUndefined();
    expect(Object.keys(decoded)).toContain('__proto__');
  });

  it('write minus zero as zero', () => {
    const frame: Frame = { ...BARE, payload: { type: 'agent.log', content: -0 } };
    expect(encodeCbor(frame)).toEqual(payloadHex('00'));
    expect(encodeJson(frame)).toContain('"content":0');
  });
});

describe('strictness of CBOR frames', () => {
  it.each([
    ['an integer in two bytes', '1817', 'non_canonical', 0],
    ['an integer in three bytes', '1900ff', 'non_canonical', 0],
    ['an integer in five bytes', '1a0000ffff', 'non_canonical', 0],
    ['an integer in nine bytes', '1b00000000ffffffff', 'non_canonical', 0],
    ['a negative integer in two bytes', '3800', 'non_canonical', 0],
    ['a length in two bytes', '780161', 'non_canonical', 0],
    ['an integer as a float', 'f93c00', 'non_canonical', 0],
    ['minus zero', 'f98000', 'non_canonical', 0],
    ['a half as a single', 'fa3fc00000', 'non_canonical', 0],
    ['a single as a double', 'fb3fb99999a0000000', 'non_canonical', 0],
    ['text without an end', '7f6161ff', 'non_canonical', 0],
    ['bytes without an end', '5f4100ff', 'non_canonical', 0],
    ['an array without an end', '9f00ff', 'non_canonical', 0],
    ['a map without an end', 'bf616100ff', 'non_canonical', 0],
    ['a break', 'ff', 'non_canonical', 0],
    ['unsorted keys', 'a2 6162 00 6161 00', 'non_canonical', 4],
    ['a longer key first', 'a2 626161 00 6162 00', 'non_canonical', 5],
    ['a key that occurs twice', 'a2 6161 00 6161 01', 'duplicate_key', 4],
    ['a tag', 'c000', 'unsupported', 0],
    ['undefined', 'f7', 'unsupported', 0],
    ['a simple value', 'f0', 'unsupported', 0],
    ['a simple value in two bytes', 'f8ff', 'unsupported', 0],
    ['an integer key', 'a10000', 'unsupported', 1],
    ['a key that is a list', 'a18000', 'unsupported', 1],
    ['a reserved size', '1c', 'syntax', 0],
    ['a reserved simple value', 'fc', 'syntax', 0],
    ['an integer beyond 2^53', '1b0020000000000000', 'number', 0],
    ['a negative integer beyond 2^53', '3b001fffffffffffff', 'number', 0],
    ['an integer far beyond', '1bffffffffffffffff', 'number', 0],
    ['a float beyond 2^53', 'fb7e37e43c8800759c', 'number', 0],
    ['infinity', 'f97c00', 'number', 0],
    ['NaN', 'f97e00', 'number', 0],
    ['NaN with a payload', 'f97e01', 'number', 0],
    ['text that is no UTF-8', '61ff', 'utf8', 0],
    ['a surrogate in text', '63eda080', 'utf8', 0],
    ['long text that is no UTF-8', `7820${'ff'.repeat(32)}`, 'utf8', 0],
    ['the mark of bytes', 'a1 66 246279746573 6441414141', 'bytes', 1],
    ['an integer that ends early', '19ff', 'truncated', 0],
    ['text that ends early', '6361', 'truncated', 0],
    ['a float that ends early', 'f9', 'truncated', 0],
    ['a list that ends early', '8200', 'truncated', 0],
    ['a list whose last item ends early', '820062', 'truncated', 2],
    ['text of four gigabytes', '7affffffff', 'truncated', 0],
    ['bytes of many exabytes', '5bffffffffffffffff', 'truncated', 0],
    ['a list of four billion', '9affffffff', 'too_many_items', 0],
    ['a map of four billion', 'baffffffff', 'too_many_items', 0],
    ['a list of more than is there', '997fff', 'truncated', 0],
    ['something behind', '0000', 'trailing', 1],
  ])('%s is refused', (_name, hex, fault, offset) => {
    expect(refusal(() => decodeCbor(payloadHex(hex)))).toEqual({ fault, offset: AT + offset, path: undefined });
  });

  it.each([
    ['nothing', '', 'truncated', 0],
    ['a list', '80', 'type', 0],
    ['JSON', '7b7d', 'type', 0],
    ['keys that are not in order', 'a4 016173 0001 026174 0300', 'non_canonical', 4],
    ['a key that occurs twice', 'a5 0001 016173 026174 0300 0301', 'duplicate_key', 11],
    ['a key behind a name', 'a5 0001 016173 026174 617800 0300', 'non_canonical', 12],
    ['a name that has a key', 'a5 0001 016173 026174 0300 6374746c 08', 'non_canonical', 11],
    ['a key that is not given out', `a5 ${HEAD} 1000`, 'unknown_key', 11],
    ['a large key', `a5 ${HEAD} 181800`, 'unknown_key', 11],
    ['a negative key', `a5 ${HEAD} 2000`, 'unsupported', 11],
    ['a key in a window that is not given out', `a5 ${HEAD} 08 a1 0300`, 'unknown_key', 13],
  ])('%s is no frame', (_name, hex, fault, offset) => {
    expect(refusal(() => decodeCbor(bytesOf(hex)))).toEqual({ fault, offset, path: undefined });
  });

  it('judges fields as in JSON, by their names', () => {
    expect(refusal(() => decodeCbor(frameHex(5, '07 190100')))).toMatchObject({ fault: 'value', path: 'ttl' });
    expect(refusal(() => decodeCbor(frameHex(5, '08 00')))).toMatchObject({ fault: 'type', path: 'window' });
    expect(refusal(() => decodeCbor(frameHex(5, '09 4100')))).toMatchObject({ fault: 'type', path: 'meta' });
    expect(refusal(() => decodeCbor(bytesOf('a1 0002')))).toMatchObject({ fault: 'version', path: 'v' });
    // Of another major nothing behind the first member is looked at.
    expect(refusal(() => decodeCbor(bytesOf('a2 0002 f7f7')))).toMatchObject({ fault: 'version' });
  });

  it('detects every flipped bit: what is still a frame is another one', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const frame = sampleFrame(seed);
      const bytes = encodeCbor(frame);
      if (bytes.length > 600) continue;
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = flipBit(bytes, bit);
        let read: Frame | undefined;
        try {
          read = decodeCbor(flipped);
        } catch {
          continue;
        }
        // There is one encoding for each frame, so different bytes cannot mean the same.
        expect(hexOf(encodeCbor(read)), `seed ${seed} bit ${bit}`).toBe(hexOf(flipped));
      }
    }
  });
});

describe('limits of CBOR frames', () => {
  const limits = { frame_bytes: 100, depth: 6, items: 20 };
  const fault = (content: string): string => refusal(() => decodeCbor(payloadHex(content), limits)).fault;

  it('on bytes', () => {
    const room = 100 - AT - 2;
    expect(() => decodeCbor(payloadHex(`58${room.toString(16)}${'00'.repeat(room)}`), limits)).not.toThrow();
    expect(fault(`58${(room + 1).toString(16)}${'00'.repeat(room + 1)}`)).toBe('too_large');
    const frame: Frame = { ...BARE, payload: { type: 'agent.log', content: new Uint8Array(room + 1) } };
    expect(refusal(() => encodeCbor(frame, limits)).fault).toBe('too_large');
  });

  it('on depth, before anything of the level is read', () => {
    expect(() => decodeCbor(payloadHex(`${'81'.repeat(3)}80`), limits)).not.toThrow();
    expect(fault(`${'81'.repeat(4)}80`)).toBe('too_deep');
    const deep = payloadHex('81'.repeat(500_000));
    expect(refusal(() => decodeCbor(deep))).toMatchObject({ fault: 'too_deep', offset: AT + WIRE_LIMITS.depth - 2 });
  });

  it('on items, as in JSON', () => {
    expect(() => decodeCbor(payloadHex(`8d${'00'.repeat(13)}`), limits)).not.toThrow();
    expect(fault(`8e${'00'.repeat(14)}`)).toBe('too_many_items');
  });
});

describe('the encoder', () => {
  it('hands out memory that it does not write to again', () => {
    const encoder = new CborEncoder();
    const frames = Array.from({ length: 300 }, (_, seed) => sampleFrame(seed));
    const encoded = frames.map((frame) => encoder.encode(frame));
    for (const [i, frame] of frames.entries()) expect(encoded[i]).toEqual(encodeCbor(frame));
  });

  it('goes on after a refusal in the middle of a frame', () => {
    const encoder = new CborEncoder();
    const bad = { ...BARE, payload: { type: 'agent.log', content: { z: 1, a: ['\ud800'] } } };
    expect(refusal(() => encoder.encode(bad)).fault).toBe('utf8');
    expect(encoder.encode(BARE)).toEqual(frameHex(4, ''));
  });

  it.each([
    ['short text', 'é'.repeat(20)],
    ['text that is shorter than its bytes', 'é'.repeat(150)],
    ['long text', '☃'.repeat(30_000)],
    ['ASCII at the edge of a header', 'x'.repeat(255)],
    ['more than ASCII at the edge of a header', `${'x'.repeat(254)}é`],
    ['24 bytes', 'x'.repeat(24)],
    ['24 bytes in 23 characters', `${'x'.repeat(22)}é`],
  ])('writes %s', (_name, content) => {
    const frame: Frame = { ...BARE, payload: { type: 'agent.log', content } };
    expect(decodeCbor(encodeCbor(frame))).toEqual(frame);
    expect(contentOf(hexOf(canonicalCbor(content)))).toBe(content);
  });
});
