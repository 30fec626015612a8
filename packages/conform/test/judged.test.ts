import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeSentence, type Result, runConformance, type Report, SENTENCES, type Target } from '../src/index.ts';
import { MUTANTS } from './mutants/index.ts';
import type { Mutant } from './mutants/mutant.ts';
import { between } from './reference/between.ts';
import { KEY, type Reference, SECRETS, startReference } from './reference/server.ts';

const judged = SENTENCES.filter((one) => 'judge' in one);
const targetOf = (port: number): Target => ({
  ...{ url: `ws://127.0.0.1:${port}/ws`, key: KEY, signing: SECRETS, slow: true },
});

const shown = (results: readonly Result[]): string[] =>
  results.map(
    (one) =>
      `${one.id} ${one.verdict}${one.verdict === 'failed' ? `: expected ${one.expected}, seen ${one.seen}` : ''}`,
  );

describe('the reference server', () => {
  test('keeps every sentence', { timeout: 120_000 }, async () => {
    const reference = await startReference();
    const report: Report = await runConformance(targetOf(reference.port), { concurrency: 24 });
    await reference.close();
    expect(shown(report.results.filter(({ verdict }) => verdict === 'failed' || verdict === 'skipped'))).toEqual([]);
    expect(report.passed).toBe(judged.length);
    expect(JSON.stringify(report)).not.toContain(KEY);
  });
});

describe('mutants', () => {
  let plain: Reference;
  beforeAll(async () => {
    plain = await startReference();
  });
  afterAll(() => plain.close());

  test('there is one for each sentence that is judged, and for no other', () => {
    expect(MUTANTS.map(({ id }) => id).toSorted()).toEqual(judged.map(({ id }) => id).toSorted());
  });

  test.concurrent.each(MUTANTS)('$id: $name', { timeout: 120_000 }, async (one) => {
    const result = await judgeMutant(one);
    if (process.env['SHOW_MUTANTS']) console.log(shown([result]).join());
    expect(result.verdict).toBe('failed');
    // A judge that breaks has judged nothing.
    expect(shown([result]).join()).not.toContain('the judge failed');
  });

  async function judgeMutant({ id, alteration, options }: Mutant): Promise<Result> {
    const sentence = judged.find((one) => one.id === id);
    if (sentence === undefined) throw new Error(`there is no sentence ${id}`);
    const behind = options === undefined ? plain : await startReference(options);
    const server = await between(behind.port, alteration);
    try {
      return await judgeSentence(sentence, { ...targetOf(server.port), patience_ms: 2_000 });
    } finally {
      server.close();
      if (behind !== plain) await behind.close();
    }
  }
});
