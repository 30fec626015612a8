import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FRAME_FAULTS } from '../src/index.ts';
import { fuzzDecoders } from '../src/testing/index.ts';

const folder = join(import.meta.dirname, 'corpus');
const corpus = readdirSync(folder)
  .sort()
  .map((name) => Uint8Array.from(readFileSync(join(folder, name))));

/** `ATP_DEEP` asks for the long run; its seed moves, so that two long runs are not the same. */
const count = process.env['ATP_DEEP'] === undefined ? 20_000 : 10_000_000;
const seed = 1 + Number(process.env['ATP_DEEP_SEED'] ?? 0);

describe('the decoders', () => {
  it('keep their promises, whatever they are given', () => {
    const report = fuzzDecoders({ seed, count, corpus });
    expect(report.problems, `fuzzDecoders({ seed: ${seed}, count: ${count}, corpus })`).toEqual([]);
    expect(report.inputs).toBe(count);
    // A sample that met too little would prove too little.
    expect(report.accepted).toBeGreaterThan(count / 50);
    expect(Object.keys(FRAME_FAULTS).filter((fault) => !(fault in report.refused))).toEqual(['too_large']);
  });
});
