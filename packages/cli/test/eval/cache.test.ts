import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CacheReport } from '../../src/eval/cache/run.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { writeGz } from './folders.ts';

/** Ten questions, each asked in sixty variants; of every second one the answer depends on the variant. */
function folder(): string {
  const cwd = tempFolder();
  const rows: string[] = [];
  const questions: string[] = [];
  for (let i = 0; i < 600; i += 1) {
    const topic = i % 10;
    const word = [
      'harbour',
      'glacier',
      'violin',
      'pepper',
      'satellite',
      'ledger',
      'meadow',
      'furnace',
      'cathedral',
      'turbine',
    ];
    const answer = topic % 2 === 0 ? 'A' : 'ABCD'[Math.floor(i / 10) % 4];
    rows.push(`${i},A,${answer}`);
    const question = `Explain everything about the ${word[topic]} and each ${word[topic]} part in the ${word[topic]} book, number ${i}`;
    questions.push(JSON.stringify({ id: i, question }));
  }
  writeGz(cwd, 'predictions.csv.gz', `id,answer,one\n${rows.join('\n')}\n`);
  writeGz(cwd, 'questions.jsonl.gz', `${questions.join('\n')}\n`);
  return cwd;
}

const ARGS = ['eval', 'cache', '--data', '.', '--max-false-hits', '0.05'];

async function evaluate(cwd: string, ...args: readonly string[]): Promise<CacheReport> {
  const { code, out, err } = await atp([...ARGS, '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as CacheReport;
}

describe('atp eval cache', () => {
  test('says how often answers of like prompts differ, and gives none again where too many do', async () => {
    const cwd = folder();
    const report = await evaluate(cwd);
    expect(report).toMatchObject({ version: 1, prompts: 600, exact: { hits: 0, false_hits: 0 } });
    const [band] = report.bands;
    expect(band?.prompts).toBeGreaterThan(500);
    // Half of them differ in three of four.
    expect(band?.false_rate).toBeGreaterThan(0.3);
    expect(band?.false_rate).toBeLessThan(0.45);
    expect(report.replay).toMatchObject({ threshold: null, similar: 0, false_hits: 0 });
    expect(await evaluate(cwd)).toEqual(report);
    expect((await atp(ARGS, { cwd })).out).toContain('no similarity was found to hold');
  });

  test('where many may be false they are given again, and no more are false than that', async () => {
    const { replay } = await evaluate(folder(), '--max-false-hits', '0.5');
    expect(replay.threshold).not.toBeNull();
    expect(replay.similar).toBeGreaterThan(50);
    expect(replay.false_hits / replay.similar).toBeLessThan(0.5);
  });

  test('a set that does not say what was answered is refused, and so is a model that it has not', async () => {
    const cwd = folder();
    expect((await atp([...ARGS, '--model', 'two'], { cwd })).code).toBe(2);
    const marks = tempFolder();
    writeFileSync(join(marks, 'none.txt'), '');
    expect((await atp(ARGS, { cwd: marks })).code).toBe(2);
  });
});
