import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeCbor, encodeJson, encodeRecord, type StreamRecord, StreamDecoder } from '../src/index.ts';
import { sampleFrame } from '../src/testing/index.ts';
import { BARE, refusal } from './support/frames.ts';

const json = (seed: number): Uint8Array => new TextEncoder().encode(encodeJson(sampleFrame(seed)));
const encodings = (seeds: readonly number[]): Uint8Array[] =>
  seeds.map((seed) => (seed % 2 === 0 ? encodeCbor(sampleFrame(seed)) : json(seed)));
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const framesOf = (records: readonly StreamRecord[]): unknown[] =>
  records.map((record) => ('frame' in record ? record.frame : record.error.fault));

describe('a stream of frames', () => {
  it('gives the same records whatever the chunks are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (seeds, cuts) => {
          const bytes = joined(encodings(seeds).map(encodeRecord));
          const decoder = new StreamDecoder();
          const records: StreamRecord[] = [];
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            const size = cuts[i % cuts.length] as number;
            records.push(...decoder.decode(bytes.slice(at, at + size)));
            at += size;
          }
          decoder.end();
          expect(framesOf(records)).toEqual(seeds.map(sampleFrame));
          expect(records[0]?.offset).toBe(0);
          expect(decoder.pending_bytes).toBe(0);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('tells the encodings apart by their first byte', () => {
    expect(decodeFrame(encodeCbor(BARE))).toEqual(BARE);
    expect(decodeFrame(new TextEncoder().encode(`\n ${encodeJson(BARE)}`))).toEqual(BARE);
    expect(refusal(() => decodeFrame(new Uint8Array(0))).fault).toBe('syntax');
  });

  it('goes on behind a record that cannot be read', () => {
    const decoder = new StreamDecoder();
    const bad = encodeRecord(Uint8Array.of(0xa1, 0xff));
    const records = decoder.decode(joined([bad, encodeRecord(new Uint8Array(0)), encodeRecord(encodeCbor(BARE))]));
    expect(framesOf(records)).toEqual(['truncated', 'syntax', BARE]);
    expect(records.map(({ offset, bytes }) => [offset, bytes.length])).toEqual([
      [0, 2],
      [6, 0],
      [10, encodeCbor(BARE).length],
    ]);
  });

  it('ends at a header that announces too much, and says so from then on', () => {
    const decoder = new StreamDecoder({ frame_bytes: 1_000, depth: 64, items: 1_000 });
    const good = encodeRecord(encodeCbor(BARE));
    expect(framesOf(decoder.decode(joined([good, Uint8Array.of(0, 0, 3, 233)])))).toEqual([BARE]);
    const fault = { fault: 'too_large', offset: good.length, path: undefined };
    expect(refusal(() => decoder.decode(good))).toEqual(fault);
    expect(refusal(() => decoder.end())).toEqual(fault);
    expect(decoder.pending_bytes).toBe(0);
  });

  it('keeps only what has come of what was announced', () => {
    const decoder = new StreamDecoder();
    decoder.decode(Uint8Array.of(0, 15, 255, 255, 1, 2, 3));
    expect(decoder.pending_bytes).toBe(7);
    expect(refusal(() => decoder.end())).toEqual({ fault: 'truncated', offset: 0, path: undefined });
  });

  it('hands out bytes that later chunks do not change', () => {
    const decoder = new StreamDecoder();
    const records: StreamRecord[] = [];
    const sent = encodings(Array.from({ length: 50 }, (_, i) => i));
    for (const byte of joined(sent.map(encodeRecord))) records.push(...decoder.decode(Uint8Array.of(byte)));
    expect(records.map(({ bytes }) => bytes)).toEqual(sent);
    expect(framesOf(records)).toEqual(sent.map((_, i) => sampleFrame(i)));
  });
});
