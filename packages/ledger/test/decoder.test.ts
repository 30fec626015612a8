import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canBeTorn, createDecoder, findIntactBlock, JOURNAL_LIMITS, parseRecords } from '../src/index.ts';
import { buildFile, digests, readAll, runs, sampleFile, toRecords } from './support/files.ts';
import { sampleStream } from '../src/testing/index.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });
const file = fc
  .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 60 }), sizes)
  .map(([seed, steps, cut]) => sampleFile(seed, steps, cut))
  .filter((built) => built.ends.length > 0);

describe('decoder', () => {
  it('returns the records that were written, whatever the chunks', () => {
    const records = toRecords(sampleStream(7, 200));
    const { bytes } = buildFile(runs(records, [3, 1, 9]));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 9 }), (cuts) => {
        const chunks = runs([...bytes], cuts).map((chunk) => Uint8Array.from(chunk));
        const { blocks, fault, pending_bytes } = readAll(chunks);
        expect(fault).toBeUndefined();
        expect(pending_bytes).toBe(0);
        expect(blocks.flatMap((block) => parseRecords(block).records)).toEqual(records);
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it('decodes any prefix of the bytes to a prefix of the blocks', () => {
    fc.assert(
      fc.property(file, fc.double({ min: 0, max: 1, noNaN: true }), ({ bytes, ends }, part) => {
        const length = Math.floor(bytes.length * part);
        const { blocks, fault, pending_bytes, offset } = readAll([bytes.subarray(0, length)]);
        expect(fault).toBeUndefined();
        expect(blocks.map((block) => block.end_offset)).toEqual(ends.filter((end) => end <= length));
        expect(offset + pending_bytes).toBe(offset === 0 ? pending_bytes : length);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('detects a flipped bit in any byte of a block, and takes none of what follows', () => {
    const { bytes, ends } = sampleFile(3, 14, [3]);
    const first = bytes.indexOf(10) + 1;
    for (let at = first; at < bytes.length; at += 1) {
      const bad = bytes.slice();
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      const { blocks, fault, pending_bytes } = readAll([bad]);
      expect(blocks.length, `byte ${at}`).toBe(ends.filter((end) => end <= at).length);
      expect(fault !== undefined || pending_bytes > 0, `byte ${at}`).toBe(true);
    }
  });

  it('detects every flipped bit of the file header', () => {
    const { bytes } = sampleFile(3, 14, [3]);
    for (let at = 0; at <= bytes.indexOf(10); at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bad = bytes.slice();
        bad[at] = (bad[at] ?? 0) ^ (1 << bit);
        const { blocks, fault } = readAll([bad]);
        expect(blocks).toEqual([]);
        expect(fault, `byte ${at} bit ${bit}`).toBeDefined();
      }
    }
  });

  it('goes on from a point as if it had read everything before', () => {
    const { bytes, ends } = sampleFile(11, 60, [2, 5]);
    const decoder = createDecoder(digests);
    decoder.push(bytes.subarray(0, ends[4]));
    const resumed = createDecoder(digests, decoder.point());
    const rest = resumed.push(bytes.subarray(ends[4]));
    expect(rest.fault).toBeUndefined();
    expect(rest.blocks.map((block) => block.end_offset)).toEqual(ends.slice(5));
  });

  it('refuses sizes above the limits before it buffers anything', () => {
    const { bytes } = sampleFile(3, 4, [3]);
    const header_end = bytes.indexOf(10) + 1;
    const cases = [
      `#1 1 ${JOURNAL_LIMITS.block_bytes + 1} 00000000 ${'0'.repeat(64)}\n`,
      `#1 ${JOURNAL_LIMITS.block_records + 1} 10 00000000 ${'0'.repeat(64)}\n`,
      `#${'9'.repeat(200)}`,
    ];
    for (const line of cases) {
      const { fault } = readAll([bytes.subarray(0, header_end), Buffer.from(line)]);
      expect(fault?.offset).toBe(header_end);
      expect(fault?.kind === 'limit' || fault?.kind === 'block_header').toBe(true);
    }
    expect(readAll([Buffer.alloc(JOURNAL_LIMITS.file_header_bytes, 'x')]).fault?.kind).toBe('file_header');
  });

  it('never throws on noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (chunks) => {
        expect(readAll(chunks).blocks).toEqual([]);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it('refuses a block that was moved, removed or repeated', () => {
    const { bytes, ends } = sampleFile(5, 30, [2]);
    const [a = 0, b = 0, c = 0] = ends;
    const removed = readAll([bytes.subarray(0, a), bytes.subarray(b)]);
    const repeated = readAll([bytes.subarray(0, b), bytes.subarray(a)]);
    const swapped = readAll([bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b)]);
    for (const { fault } of [removed, repeated, swapped]) expect(fault?.kind).toBe('chain');
  });
});

describe('torn tail', () => {
  it('is told from damage inside the file by a whole block behind it', () => {
    fc.assert(
      fc.property(file, fc.nat(), ({ bytes, ends }, choice) => {
        const first = bytes.indexOf(10) + 1;
        const at = first + (choice % (bytes.length - first));
        const bad = bytes.slice();
        bad[at] = (bad[at] ?? 0) ^ 4;
        const { offset, fault } = readAll([bad]);
        const in_last = at >= (ends.at(-2) ?? first);
        const behind = findIntactBlock(bad.subarray(offset), digests);
        if (fault === undefined || canBeTorn(fault.kind)) expect(behind === -1).toBe(in_last);
      }),
      { seed: 6, numRuns: 300 },
    );
  });

  it('is what any cut inside the last block leaves', () => {
    const { bytes, ends } = sampleFile(9, 30, [4]);
    const last = ends.at(-2) ?? 0;
    for (let length = last + 1; length < bytes.length; length += 1) {
      const { offset, fault } = readAll([bytes.subarray(0, length)]);
      expect(fault).toBeUndefined();
      expect(offset).toBe(last);
      expect(findIntactBlock(bytes.subarray(offset, length), digests)).toBe(-1);
    }
  });
});

describe('records', () => {
  it('names the record that is not what its block says', () => {
    const records = toRecords(sampleStream(3, 10));
    const lines = records.slice(0, 3).map((record) => JSON.stringify(record));
    const check = (body: string, count = 3): string | undefined => {
      const block = { first_seq: 1, count, offset: 5, end_offset: 9, chain: '', body: Buffer.from(body) };
      const { fault } = parseRecords(block);
      return fault && `${fault.kind} ${fault.offset} ${fault.seq}`;
    };
    expect(check(`${lines.join('\n')}\n`)).toBeUndefined();
    expect(check(`${lines.join('\n')}\n`, 4)).toBe('record 5 4');
    expect(check(lines.join('\n'))).toBe('record 5 3');
    expect(check(`${lines[0]}\n{"v":1\n${lines[2]}\n`)).toBe('record 5 2');
    expect(check(`${lines[1]}\n${lines[1]}\n${lines[2]}\n`)).toBe('record 5 1');
    expect(check(`${lines[0]}\n${lines[1]?.replace('"v":1', '"v":2')}\n${lines[2]}\n`)).toBe('record 5 2');
  });

  it('keeps types that this version does not know', () => {
    const body = Buffer.from('{"v":1,"seq":1,"ts_ms":5,"type":"weather.changed","sky":"grey"}\n');
    const { records, fault } = parseRecords({ first_seq: 1, count: 1, offset: 0, end_offset: 9, chain: '', body });
    expect(fault).toBeUndefined();
    expect(records).toHaveLength(1);
  });
});
