import { isDeepStrictEqual } from 'node:util';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FRAME_TYPES, FrameReader, type FrameType, type LinkFrame } from '../../src/link/frame.ts';
import { bytesOf } from './support/links.ts';

const MAX_BYTES = 4_096;
const TYPES = Object.keys(FRAME_TYPES) as FrameType[];

const body = fc.oneof(
  fc.anything({ maxDepth: 3, withDate: true, withMap: true, withSet: true, withBigInt: true, withSparseArray: true }),
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.uint8Array(), fc.constantFrom(Number.POSITIVE_INFINITY, undefined, -0, Number.NaN)),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);
const frame: fc.Arbitrary<LinkFrame> = fc.record(
  {
    type: fc.constantFrom(...TYPES),
    id: fc.maxSafeNat(),
    kind: fc.string({ unit: 'binary', maxLength: 20 }),
    body,
  },
  { noNullPrototype: true },
);

/** The bytes in pieces that end at these places, and at the end. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
}

describe('frames', () => {
  test('come out as they went in, however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, places) => {
        const reader = new FrameReader(1 << 20);
        const bytes = Buffer.concat(frames.map((one) => encodeFrame(one, 1 << 20)));
        const read = cutAt(bytes, places).flatMap((chunk) => {
          const got = reader.read(chunk);
          // The socket's memory may be used again for other bytes.
          chunk.fill(0xaa, 0, reader.kept_bytes === 0 ? chunk.length : 0);
          return got;
        });
        expect(reader.problem).toBeUndefined();
        expect(reader.kept_bytes).toBe(0);
        expect(isDeepStrictEqual(read, frames)).toBe(true);
      }),
    );
  });

  test('bytes of a body are a Uint8Array with memory of its own', () => {
    const [got] = new FrameReader(MAX_BYTES).read(bytesOf({ body: Buffer.from('abc') }));
    const { body: bytes } = got as { body: Uint8Array };
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes).toEqual(new Uint8Array([97, 98, 99]));
    expect(bytes.buffer.byteLength).toBe(3);
  });

  test('up to the largest are taken, and none above', () => {
    const exact = bytesOf({ body: new Uint8Array(1_000) });
    expect(new FrameReader(exact.length).read(exact)).toHaveLength(1);
    const reader = new FrameReader(exact.length - 1);
    // Its head is enough to know.
    expect(reader.read(exact.subarray(0, 5))).toEqual([]);
    expect(reader.problem).toBe(`a frame of ${exact.length} bytes; at most ${exact.length - 1} are taken`);
    expect(reader.kept_bytes).toBe(0);
  });

  test('that cannot be sent are refused with a reason', () => {
    const message = { type: 'message', id: 0, kind: 'credit' } as const;
    expect(() => encodeFrame({ ...message, body: () => 1 }, MAX_BYTES)).toThrow(
      'The message "credit" cannot be sent to another process: () => 1 could not be cloned.',
    );
    expect(() => encodeFrame({ ...message, body: 'x'.repeat(MAX_BYTES) }, MAX_BYTES)).toThrow(
      /^The message "credit" cannot be sent to another process: it has \d+ bytes; a frame has at most 4096\.$/,
    );
  });
});

describe('bytes that are no frames', () => {
  const problem =
    /^(a frame of the unknown type \d+|a frame of \d+ bytes; at most 4096 are taken|a malformed frame \(\w+\))$/;

  function judge(chunks: readonly Uint8Array[]): void {
    const reader = new FrameReader(MAX_BYTES);
    for (const chunk of chunks) {
      for (const one of reader.read(chunk)) {
        expect(TYPES).toContain(one.type);
        expect(Number.isSafeInteger(one.id) && one.id >= 0 && typeof one.kind === 'string').toBe(true);
      }
      expect(reader.kept_bytes).toBeLessThan(MAX_BYTES);
      if (reader.problem !== undefined) expect(reader.problem).toMatch(problem);
    }
    if (reader.problem !== undefined) expect(reader.read(bytesOf({}))).toEqual([]);
  }

  test('end in a problem, and never in an exception', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), judge));
  });

  test('nor do payloads of them behind a head that is right', () => {
    const head = fc.tuple(fc.integer({ min: 1, max: 8 }), fc.uint8Array({ maxLength: 200 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(head, { maxLength: 4 }), (parts) => {
        judge(
          parts.map(([type, payload, is_v8]) => {
            const rest = is_v8 ? [0xff, 0x0f, ...payload] : [...payload];
            const bytes = Buffer.from([0, 0, 0, 0, type, ...rest]);
            bytes.writeUInt32BE(rest.length);
            return bytes;
          }),
        );
      }),
    );
  });

  test('nor do frames with some bytes changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(frame, changes, (one, places) => {
        const bytes = encodeFrame(one, 1 << 20);
        for (const [at, value] of places) bytes[at % bytes.length] = value;
        judge([bytes]);
      }),
    );
  });

  test.each([
    ['an empty payload', Buffer.from([0, 0, 0, 0, 4]), 'a malformed frame (message)'],
    ['no array', reframed(serialize({})), 'a malformed frame (message)'],
    ['too short an array', reframed(serialize([0, 'kind'])), 'a malformed frame (message)'],
    ['a number that is none', reframed(serialize([0.5, 'kind', 1])), 'a malformed frame (message)'],
    ['a negative number', reframed(serialize([-1, 'kind', 1])), 'a malformed frame (message)'],
    ['a kind that is no text', reframed(serialize([0, 1, 1])), 'a malformed frame (message)'],
    [
      'a nesting without end',
      reframed(Buffer.concat([Buffer.from([255, 15]), Buffer.alloc(1 << 20, 'o')])),
      'a malformed frame (message)',
    ],
    ['a type that is not known', Buffer.from([0, 0, 0, 0, 99]), 'a frame of the unknown type 99'],
  ])('%s', (_name, bytes, words) => {
    const reader = new FrameReader(1 << 21);
    expect(reader.read(Buffer.concat([bytesOf({ kind: 'before' }), bytes]))).toMatchObject([{ kind: 'before' }]);
    expect(reader.problem).toBe(words);
  });
});

/** A frame with that payload. */
function reframed(payload: Uint8Array): Buffer {
  const head = Buffer.from([0, 0, 0, 0, FRAME_TYPES.message]);
  head.writeUInt32BE(payload.length);
  return Buffer.concat([head, payload]);
}
