import { expect, test } from 'vitest';
import { type Report, runConformance } from '../src/index.ts';
import { MUTANTS } from './mutants/index.ts';
import type { Mutant } from './mutants/mutant.ts';
import { between } from './reference/between.ts';
import { AGENT_KEY, AGENT_TIMES, KEY, OTHER_KEY, type Reference, SECRETS, startReference } from './reference/server.ts';

/** Whole runs at a time. */
const AT_A_TIME = 6;

/** All of them in `npm run verify:deep`, which sets `ATP_DEEP`; else two. */
const CHOSEN = MUTANTS.filter((_, i) => process.env['ATP_DEEP'] !== undefined || i % 64 === 7);

/** Every judge against every mutant: no judge breaks on a server that is broken, and no mutant stops a run. */
test('mutants against every judge', { timeout: 1_800_000 }, async () => {
  const plain = await startReference();
  const left = [...CHOSEN];
  const problems: string[] = [];
  const broken: string[] = [];
  const missed: string[] = [];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { id } = one;
      const { results } = await judgeAll(one, plain);
      const failed = results.filter(({ verdict }) => verdict === 'failed');
      broken.push(`${id}: ${failed.map((result) => result.id).join(' ')}`);
      // What takes long timers is skipped here.
      if (results.some((result) => result.id === id && result.verdict === 'passed')) missed.push(id);
      for (const result of failed) {
        if (JSON.stringify(result).includes('the judge failed')) problems.push(`${id}: ${JSON.stringify(result)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  await plain.close();
  if (process.env['SHOW_MUTANTS'] !== undefined) process.stdout.write(`${broken.join('\n')}\n`);
  expect(problems).toEqual([]);
  expect(missed).toEqual([]);
});

async function judgeAll({ alteration, options }: Mutant, plain: Reference): Promise<Report> {
  const behind = options === undefined ? plain : await startReference(options);
  const server = await between(behind.port, alteration);
  try {
    const keys = { key: KEY, agent_key: AGENT_KEY, other_key: OTHER_KEY, agent_times: AGENT_TIMES };
    const target = { url: `ws://127.0.0.1:${server.port}/ws`, ...keys, signing: SECRETS, patience_ms: 2_000 };
    return await runConformance(target, { concurrency: 24 });
  } finally {
    server.close();
    if (behind !== plain) await behind.close();
  }
}
