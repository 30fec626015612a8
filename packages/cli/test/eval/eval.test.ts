import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../src/eval/report.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { MODELS, writeGz, writeMarked, writePredictions, writeSolutions } from './folders.ts';

async function evaluate(cwd: string, ...args: readonly string[]): Promise<Report> {
  const { code, out, err } = await atp(['eval', 'consensus', '--data', '.', '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Report;
}

async function refused(cwd: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await atp(['eval', 'consensus', '--data', '.', ...args], { cwd });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  return err;
}

function folderWith(write: (folder: string) => void): string {
  const folder = tempFolder();
  write(folder);
  return folder;
}

const partOf = ({ parts }: Report, name: string): Report['parts'][number] => {
  const found = parts.find(({ part }) => part === name);
  if (found === undefined) throw new Error(`no part ${name}`);
  return found;
};

/** What checks may not change. */
const numbers = ({ options: _, ...rest }: Report): Omit<Report, 'options'> => rest;

describe('atp eval consensus', () => {
  test('takes all that answered all prompts, and counts votes by what it learned', async () => {
    const cwd = folderWith(writePredictions);
    const report = await evaluate(cwd);
    expect(report.members.map(({ model }) => model)).toEqual(MODELS);
    expect(report).toMatchObject({
      version: 1,
      prompts: 400,
      best_member: 'north-large',
      calls: { per_prompt: 6, share: 1 },
    });
    const all = partOf(report, 'all');
    expect(all.oracle).toBeGreaterThan(all.accuracy);
    expect(all.majority).toBeLessThan(all.best_member);
    expect(all.interval?.low).toBeLessThan(all.accuracy);
    expect(all.over_majority?.mean).toBeCloseTo(all.accuracy - all.majority, 10);
    expect(report.tokens?.per_prompt).toBe((400 + 360 + 320 + 280 + 240 + 200) / 4);
    expect(report.categories.map(({ part }) => part)).toEqual(['maths', 'law']);
    expect(partOf(report, 'held_out').prompts + partOf(report, 'tuned').prompts).toBe(400);
    expect(report.calibration.all.bins.reduce((sum, bin) => sum + bin.prompts, 0)).toBe(400);
  });

  test('is better with feedback, which comes after the answer', async () => {
    const cwd = folderWith(writePredictions);
    const [without, some] = [await evaluate(cwd), await evaluate(cwd, '--feedback', '0.3')];
    expect(partOf(some, 'last_half').accuracy).toBeGreaterThan(partOf(some, 'last_half').majority + 0.05);
    expect(some.calibration.last_half.ece).toBeLessThan(0.1);
    // Nothing is known of the first prompt, however much is told.
    const one = folderWith((folder) => writePredictions(folder, 1));
    expect(numbers(await evaluate(one, '--feedback', '1')).parts).toEqual(numbers(await evaluate(one)).parts);
    expect(without.members.map(({ weight }) => weight)).not.toEqual(some.members.map(({ weight }) => weight));
  });

  test('adaptive says what each strategy taken always would have gained more, on prompts that are held out', async () => {
    const cwd = folderWith(writePredictions);
    const { regret, parts } = await evaluate(cwd, '--strategy', 'adaptive', '--feedback', '0.5');
    const held_out = parts.find(({ part }) => part === 'held_out');
    expect(regret?.n).toBe(held_out?.prompts);
    expect(regret?.gain).toBeCloseTo(held_out?.accuracy ?? 0, 10);
    expect(regret?.fixed.map(({ kind }) => kind)).toEqual(['majority', 'weighted_merge', 'champion', 'first_win']);
    for (const { n, gain, regret: more } of regret?.fixed ?? []) {
      expect(n).toBe(regret?.n);
      expect(gain - (regret?.gain ?? 0)).toBeCloseTo(more, 10);
    }
    const { chosen = {} } = regret ?? {};
    expect(Object.values(chosen).reduce((sum, times) => sum + times, 0)).toBe(regret?.n);
    const { out } = await atp(['eval', 'consensus', '--data', '.', '--strategy', 'adaptive'], { cwd });
    expect(out).toContain('OVER THE CHOICE');
    expect((await evaluate(cwd)).regret).toBeNull();
  });

  test.each([['majority'], ['weighted'], ['early-stop'], ['first'], ['adaptive']])(
    'comes to the same with other names for models and options, and for the same seed: %s',
    async (strategy) => {
      const cwd = folderWith(writePredictions);
      const args = ['--strategy', strategy, '--feedback', '0.2', '--seed', '5'];
      const plain = await evaluate(cwd, ...args);
      expect(await evaluate(cwd, ...args)).toEqual(plain);
      expect(numbers(await evaluate(cwd, ...args, '--rename', '7'))).toEqual(numbers(plain));
      expect(numbers(await evaluate(cwd, ...args, '--shuffle', '7'))).toEqual(numbers(plain));
    },
  );

  test('stops early, with fewer calls and tokens, and says how far that is from asking all', async () => {
    const cwd = folderWith((folder) => writePredictions(folder, 900));
    const args = ['--strategy', 'early-stop', '--feedback', '0.2'];
    const early = await evaluate(cwd, ...args);
    expect(early.calls.share).toBeLessThan(0.95);
    expect(early.tokens?.share).toBeLessThan(0.95);
    const full = await evaluate(cwd, '--feedback', '0.2');
    const { accuracy, over_baseline } = partOf(early, 'all');
    expect(over_baseline?.mean).toBeCloseTo(accuracy - partOf(full, 'all').accuracy, 10);
    const bold = await evaluate(cwd, ...args, '--risk', '0.5');
    expect(bold.calls.per_prompt).toBeLessThan(early.calls.per_prompt);
    const cheap = await evaluate(cwd, ...args, '--order', 'cheap');
    expect(cheap.calls).not.toEqual(early.calls);
    const first = await evaluate(cwd, '--strategy', 'first');
    expect(first.calls.per_prompt).toBeLessThan(early.calls.per_prompt);
  });

  test('takes any strings with marks; quotes, commas and other names change nothing', async () => {
    const cwd = folderWith(writeMarked);
    const plain = await evaluate(cwd, '--feedback', '0.3');
    expect(plain).toMatchObject({ prompts: 400, best_member: 'north-large', tokens: null, categories: [] });
    expect(partOf(plain, 'last_half').accuracy).toBeGreaterThan(partOf(plain, 'last_half').majority);
    const other = await evaluate(cwd, '--feedback', '0.3', '--rename', '1', '--shuffle', '2');
    expect(numbers(other)).toEqual(numbers(plain));
  });

  test('takes solutions in words by their last number', async () => {
    const cwd = folderWith(writeSolutions);
    const report = await evaluate(cwd, '--models', 'north-large,north-small,east-7b');
    expect(report.members.map(({ model }) => model)).toEqual(['north-large', 'north-small', 'east-7b']);
    expect(report.members[0]?.accuracy).toBeGreaterThan(0.75);
    const { accuracy, oracle } = partOf(report, 'all');
    expect(accuracy).toBeGreaterThan(0.7);
    expect(oracle).toBeGreaterThan(accuracy);
  });

  test('holds members against others, prompt by prompt', async () => {
    const cwd = folderWith(writePredictions);
    const three = 'north-large,north-small,east-7b';
    const report = await evaluate(cwd, '--models', `${three},old-2b`, '--against', three);
    const fewer = await evaluate(cwd, '--models', three);
    const { accuracy, over_baseline } = partOf(report, 'all');
    expect(over_baseline?.mean).toBeCloseTo(accuracy - partOf(fewer, 'all').accuracy, 10);
  });

  test('prints tables for people, and nothing that a terminal would obey', async () => {
    const cwd = tempFolder();
    writeGz(cwd, 'predictions.csv.gz', 'id,category,answer,one\u001b[31m,two\n1,c\u001b[2J,A,A,B\n2,d,B,B,B\n');
    const { code, out } = await atp(['eval', 'consensus', '--data', '.', '--strategy', 'early-stop'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/^2 prompts, 2 members, strategy early-stop, feedback 0, seed 1\n\nPART +PROMPTS +RIGHT/);
    expect(out).toMatch(/\ncalls: \d\.\d\d a prompt \(\d+ % of all\)\n/);
    expect(out).toContain('OVER ALL ASKED');
    expect(out).not.toContain('\u001b');
  });
});

describe('what cannot be used is refused, in words', () => {
  const good = 'id,answer,one,two\n1,A,A,B\n';
  test.each<[string, string, RegExp]>([
    ['is empty', '', /predictions\.csv\.gz: it is empty\./],
    ['has a heading only', 'id,answer,one\n', /holds no prompt/],
    ['has a row that is too short', `${good}2,A,B\n`, /line 3 has 3 cells, the heading has 4\./],
    ['has no id', 'answer,one\nA,B\n', /the heading has no column id/],
    ['names no model', 'id,answer\n1,A\n', /the heading names no model/],
    ['names a model twice', 'id,answer,one,one\n1,A,A,A\n', /the column one is there twice/],
    ['has an open quote', `${good}2,A,"B,C\n`, /line 3: a quote is not closed/],
    ['has a prompt without an answer', `${good}2,,B,C\n`, /line 3 has no right answer/],
    ['has no answers', 'id,one\n1,A\n', /nothing says what is right/],
  ])('a table that %s', async (_, text, words) => {
    const cwd = folderWith((folder) => writeGz(folder, 'predictions.csv.gz', text));
    expect(await refused(cwd)).toMatch(words);
  });

  test('files that are not there, not whole, or not in the same order', async () => {
    const cwd = tempFolder();
    expect(await refused(cwd, '--data', 'nowhere')).toBe('atp: there is no folder nowhere.\n');
    expect(await refused(cwd)).toMatch(/holds no answers: there is none of predictions\.csv\.gz, answers\.csv\.gz, /);
    writeFileSync(join(cwd, 'predictions.csv.gz'), gzipSync(good.repeat(500)).subarray(0, 40));
    expect(await refused(cwd)).toMatch(/is no whole gzip file/);
    writeFileSync(join(cwd, 'predictions.csv.gz'), good);
    expect(await refused(cwd)).toMatch(/is no whole gzip file/);
    expect(await refused(cwd, '--data', 'predictions.csv.gz')).toMatch(/is no folder/);
    writeGz(cwd, 'predictions.csv.gz', good);
    writeGz(cwd, 'output_chars.csv.gz', 'id,one,two\n2,10,10\n');
    expect(await refused(cwd)).toMatch(/output_chars\.csv\.gz: line 2 is of prompt 2 where 1 is to come/);
    writeGz(cwd, 'output_chars.csv.gz', 'id,one,two\n1,10,many\n');
    expect(await refused(cwd)).toMatch(/line 2 has many where a number of characters is to be/);
    writeGz(cwd, 'output_chars.csv.gz', 'id,one,two\n1,10,10\n2,1,1\n');
    expect(await refused(cwd)).toMatch(/line 3 is of a prompt that .* does not have/);
  });

  test('marks and solutions of another form', async () => {
    const cwd = tempFolder();
    writeGz(cwd, 'answers.csv.gz', 'id,one,two\n1,x,y\n');
    writeGz(cwd, 'correct.csv.gz', 'id,one,two\n1,1,yes\n');
    expect(await refused(cwd)).toMatch(/correct\.csv\.gz: line 2 has yes where 0, 1, True, False or nothing is to be/);
    const other = tempFolder();
    for (const [text, words] of [
      ['{"a":', /line 1 is not JSON/],
      ['[]', /line 1 is no object/],
      ['{"question":"x"}', /line 1 has no model/],
      [
        '{"a":{"is_correct":true,"solution":"A: 1"}}\n{"b":{"is_correct":true,"solution":"A: 1"}}',
        /line 2 has other models/,
      ],
    ] as const) {
      writeGz(other, 'example_model_solutions.jsonl.gz', text);
      expect(await refused(other)).toMatch(words);
    }
  });

  test('members that are not there, with what is most like them', async () => {
    const cwd = folderWith(writePredictions);
    expect(await refused(cwd, '--models', 'north-large,North-smal')).toMatch(
      /^atp: there is no model North-smal\. Most like it of 7: north-small, /,
    );
    expect(await refused(cwd, '--models', 'east-7b,east-7b')).toMatch(/east-7b is named twice/);
    expect(await refused(cwd, '--strategy', 'vote')).toMatch(
      /Allowed choices are majority, weighted, early-stop, first/,
    );
    expect(await refused(cwd, '--feedback', '2')).toMatch(/It must be a number from 0 to 1/);
  });
});

/** MMLU-Pro answers of 28 models, where a machine has them; nothing is skipped elsewhere. */
const real = process.env['ATP_MMLU_PRO'];
if (real !== undefined) {
  describe('on MMLU-Pro', () => {
    test('28 models come to more than their majority, and to more than the best of them with labels', async () => {
      expect(gunzipSync(readFileSync(join(real, 'predictions.csv.gz'))).length).toBeGreaterThan(500_000);
      const without = partOf(await evaluate(real), 'held_out');
      expect(without.accuracy).toBeGreaterThan(0.66);
      expect(without.majority).toBeLessThan(0.6);
      const some = await evaluate(real, '--feedback', '0.05');
      expect(partOf(some, 'last_half').accuracy).toBeGreaterThan(0.71);
      expect(partOf(some, 'last_half_held_out').over_best_member?.low).toBeGreaterThan(0);
    }, 120_000);
  });
}
