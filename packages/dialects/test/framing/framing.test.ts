import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Frame, framer } from '../../src/index.ts';
import { framesOf } from '../shared/wire.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (raw: Uint8Array): string => new TextDecoder().decode(raw);
const read = (frames: readonly Frame[]): string[] => frames.map(({ event, data }) => `${event}|${data}`);
const sse = (stream: string): string[] => read(framesOf('sse', [bytes(stream)]));

describe('framing: server-sent events', () => {
  test.each([
    ['one line', 'data: {"a":1}\n\n', ['|{"a":1}']],
    ['no space after the colon', 'data:x\n\n', ['|x']],
    ['only one space is taken away', 'data:  x\n\n', ['| x']],
    ['a named event', 'event: ping\ndata: {}\n\n', ['ping|{}']],
    ['the name after the data', 'data: {}\nevent: ping\n\n', ['ping|{}']],
    ['lines of data are joined', 'data: a\ndata:\ndata: b\n\n', ['|a\n\nb']],
    ['a field without a colon', 'data\n\n', ['|']],
    ['comments', ': keep-alive\n\ndata: x\n: more\n\n', ['|', '|x']],
    ['fields nobody reads', 'id: 7\nretry: 100\ndatax: no\ndata: x\n\n', ['|x']],
    ['CRLF', 'event: e\r\ndata: x\r\n\r\ndata: y\r\n\r\n', ['e|x', '|y']],
    ['CRLF and LF mixed', 'data: x\r\n\ndata: y\n\r\n', ['|x', '|y']],
    ['blank lines too many', '\ndata: x\n\n\ndata: y\n\n', ['|x', '|y']],
    ['text of several bytes', 'data: Ünï🌍\n\n', ['|Ünï🌍']],
    ['a byte order mark', '\uFEFFdata: x\n\n', ['|x']],
  ])('%s', (_, stream, expected) => {
    expect(sse(stream)).toEqual(expected);
  });

  test('what is not finished waits and is counted', () => {
    const split = framer('sse', 1_000);
    expect(split.push(bytes('data: a\n\ndata: b'))).toHaveLength(1);
    expect(split.pending_bytes).toBe(7);
    expect(split.push(new Uint8Array())).toEqual([]);
    expect(read(split.push(bytes('\n\n')))).toEqual(['|b']);
    expect(split.pending_bytes).toBe(0);
  });

  test.each([
    ['data: b', 'data: b\n\n'],
    ['data: b\n', 'data: b\n\n'],
    ['data: b\r\n', 'data: b\r\n\n'],
    ['event: e\ndata: b', 'event: e\ndata: b\n\n'],
  ])('at the end %o is the last frame, and goes on with its separator', (rest, raw) => {
    const split = framer('sse', 1_000);
    split.push(bytes(`data: a\n\n${rest}`));
    const [last, ...more] = split.end();
    expect([last?.data, text(last?.raw ?? new Uint8Array())]).toEqual(['b', raw]);
    expect(more).toEqual([]);
    expect(split.end()).toEqual([]);
  });

  test.each(['', '\n', '\r\n\r\n', ' \n\t'])('%o left at the end is nothing', (rest) => {
    const split = framer('sse', 1_000);
    split.push(bytes(`data: a\n\n${rest}`));
    expect(split.end()).toEqual([]);
    expect(split.pending_bytes).toBe(0);
  });

  test('a last line without its end counts too', () => {
    const split = framer('ndjson', 1_000);
    split.push(bytes('{"a":1}\n{"b":2}'));
    expect(split.end().map((f) => [f.data, text(f.raw)])).toEqual([['{"b":2}', '{"b":2}\n']]);
  });

  test('raw bytes are exact and stay as they were while more comes in', () => {
    const stream = 'event: a\r\ndata: 1\r\n\r\n: ping\n\ndata: 2\ndata: 3\n\ndata: 4\n\n';
    const pieces = Array.from(bytes(stream), (byte) => Uint8Array.of(byte));
    const frames = framesOf('sse', pieces);
    expect(frames.map((f) => text(f.raw)).join('')).toBe(stream);
    expect(frames).toHaveLength(4);
  });

  test('frames inside one chunk are views and not copies', () => {
    const chunk = bytes('data: a\n\ndata: b\n\n');
    for (const frame of framesOf('sse', [chunk])) expect(frame.raw.buffer).toBe(chunk.buffer);
  });
});

describe('framing: lines of JSON', () => {
  test.each([
    ['LF', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['CRLF', '{"a":1}\r\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']],
    ['blank lines are frames without data', '\n{"a":1}\n', ['', '{"a":1}']],
  ])('%s', (_, stream, expected) => {
    expect(framesOf('ndjson', [bytes(stream)]).map((f) => f.data)).toEqual(expected);
  });
});

describe('framing: limits', () => {
  const limit_bytes = 32;
  const too_long = `data: ${'x'.repeat(40)}\n\n`;

  test.each(['sse', 'ndjson'] as const)('%s: a frame of the limit passes, one byte more does not', (kind) => {
    const tail = kind === 'sse' ? '\n\n' : '\n';
    const exact = `data: ${'x'.repeat(limit_bytes - 6 - tail.length)}${tail}`;
    expect(framesOf(kind, [bytes(exact)], limit_bytes)).toHaveLength(1);
    expect(() => framesOf(kind, [bytes(`x${exact}`)], limit_bytes)).toThrowError(/more than 32 bytes/);
  });

  test('a frame that is too long is refused wherever it is split', () => {
    const whole = bytes(too_long);
    for (let at = 0; at <= whole.length; at += 1) {
      expect(() => framesOf('sse', [whole.subarray(0, at), whole.subarray(at)], limit_bytes)).toThrowError(
        expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
      );
    }
  });

  test('an endless frame is given up at the limit and not at memory', () => {
    const split = framer('sse', limit_bytes);
    const feed = (): void => {
      for (let i = 0; i <= limit_bytes; i += 1) split.push(bytes('x'));
    };
    expect(feed).toThrowError(/more than 32 bytes/);
  });

  test('a large frame in small chunks is moved a bounded number of times', () => {
    const split = framer('sse', 4_000_000);
    const chunk = bytes('x'.repeat(1_000));
    let moved_bytes = 0;
    const set = Uint8Array.prototype.set;
    Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at?: number): void {
      moved_bytes += source.length;
      set.call(this, source, at);
    };
    try {
      split.push(bytes('data: '));
      for (let i = 0; i < 2_000; i += 1) split.push(chunk);
      expect(split.push(bytes('\n\n'))[0]?.data).toHaveLength(2_000_000);
    } finally {
      Uint8Array.prototype.set = set;
    }
    // Every byte comes in once and moves at most once per doubling, which adds up to two more; a copy for every chunk
    // would make 2,000,000,000.
    expect(moved_bytes).toBeLessThan(4 * 2_000_000);
  });
});

describe('framing: properties', () => {
  const line = fc.constantFrom('data: {"a":1}', 'data:x', 'event: e', ': comment', '', 'data: Ünï🌍', 'data', 'id: 1');
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 24 })
    .map((lines) => bytes(lines.map(([content, end]) => content + end).join('')));

  const outcome = (kind: 'sse' | 'ndjson', pieces: readonly Uint8Array[]): object => {
    const split = framer(kind, 1_000);
    const frames = pieces.flatMap((piece) => split.push(piece));
    const framed = frames.map((f) => ({ event: f.event, data: f.data, raw: text(f.raw) }));
    return { framed, pending_bytes: split.pending_bytes };
  };

  test.each(['sse', 'ndjson'] as const)('%s: every split in two gives the same frames', (kind) => {
    fc.assert(
      fc.property(stream, (whole) => {
        const expected = outcome(kind, [whole]);
        for (let at = 0; at <= whole.length; at += 1) {
          expect(outcome(kind, [whole.subarray(0, at), whole.subarray(at)])).toEqual(expected);
        }
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  test.each(['sse', 'ndjson'] as const)('%s: so does every way to cut it into pieces', (kind) => {
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }), (whole, sizes) => {
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (let i = 0; at < whole.length; i += 1) {
          // Chunks of a socket are buffers of their own, which nobody else may write to or rely on.
          const size = Math.max(i % 2, sizes[i % sizes.length] ?? 1);
          pieces.push(whole.slice(at, at + size));
          at += size;
        }
        expect(outcome(kind, pieces)).toEqual(outcome(kind, [whole]));
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  test('no bytes are lost or added, whatever comes in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (pieces) => {
        const split = framer('sse', 1_000);
        const framed = pieces.flatMap((piece) => split.push(piece)).reduce((sum, f) => sum + f.raw.length, 0);
        const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
        expect(framed + split.pending_bytes).toBe(total);
      }),
      { seed: 13, numRuns: 300 },
    );
  });
});
