import { beforeAll, describe, expect, test } from 'vitest';
import { judgeSentence, type Result, runConformance, type Report, SENTENCES, type Target } from '../src/index.ts';
import { MUTANTS } from './mutants/index.ts';
import type { Mutant } from './mutants/mutant.ts';
import { between } from './reference/between.ts';
import {
  AGENT_KEY,
  AGENT_TIMES,
  KEY,
  LIFETIME_MS,
  OTHER_KEY,
  type Reference,
  SECRETS,
  startReference,
} from './reference/server.ts';

/** They mostly wait. */
const AT_A_TIME = 32;
/** What a mutant does not do is waited for: less than what a good server is given. */
const MUTANT_MS = 2_000;
/** A machine that runs other tests at the same time is slow; what comes at once costs nothing of it. */
const PATIENCE_MS = 20_000;

const judged = SENTENCES.filter((one) => 'judge' in one);
const targetOf = (port: number): Target => ({
  ...{
    url: `ws://127.0.0.1:${port}/ws`,
    key: KEY,
    agent_key: AGENT_KEY,
    other_key: OTHER_KEY,
    agent_times: AGENT_TIMES,
    signing: SECRETS,
    slow: true,
    resend_lifetime_ms: LIFETIME_MS,
    patience_ms: PATIENCE_MS,
  },
});

const shown = (results: readonly Result[]): string[] =>
  results.map(
    (one) =>
      `${one.id} ${one.verdict}${one.verdict === 'failed' ? `: expected ${one.expected}, seen ${one.seen}` : ''}`,
  );

describe('the reference server', () => {
  test('keeps every sentence', { timeout: 120_000 }, async () => {
    const reference = await startReference();
    const report: Report = await runConformance(targetOf(reference.port), { concurrency: AT_A_TIME });
    await reference.close();
    expect(shown(report.results.filter(({ verdict }) => verdict === 'failed' || verdict === 'skipped'))).toEqual([]);
    expect(report.passed).toBe(judged.length);
    for (const key of [KEY, AGENT_KEY, OTHER_KEY]) expect(JSON.stringify(report)).not.toContain(key);
  });
});

describe('mutants', () => {
  const verdicts = new Map<string, Result>();

  beforeAll(async () => {
    const plain = await startReference();
    const left = [...MUTANTS];
    const work = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) {
        verdicts.set(one.id, await judgeMutant(one, plain));
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    await plain.close();
  }, 120_000);

  test('there is one for each sentence that is judged, and for no other', () => {
    expect(MUTANTS.map(({ id }) => id).toSorted()).toEqual(judged.map(({ id }) => id).toSorted());
  });

  test.each(MUTANTS)('$id: $name', ({ id }) => {
    const result = verdicts.get(id) as Result;
    expect(result.verdict).toBe('failed');
    // A judge that breaks has judged nothing.
    expect(shown([result]).join()).not.toContain('the judge failed');
  });
});

async function judgeMutant({ id, alteration, options }: Mutant, plain: Reference): Promise<Result> {
  const sentence = judged.find((one) => one.id === id);
  if (sentence === undefined) throw new Error(`there is no sentence ${id}`);
  const behind = options === undefined ? plain : await startReference(options);
  const server = await between(behind.port, alteration);
  try {
    return await judgeSentence(sentence, { ...targetOf(server.port), patience_ms: MUTANT_MS });
  } finally {
    server.close();
    if (behind !== plain) await behind.close();
  }
}
