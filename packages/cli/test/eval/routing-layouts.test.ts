import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { RouteReport } from '../../src/eval/routing/report.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { writeGz } from './folders.ts';
import {
  routellmEntries,
  STRONG,
  tarOf,
  type TarEntry,
  WEAK,
  writePrices,
  writeRoutellm,
  writeTable,
  writeUlab,
} from './routing-folders.ts';

const ARGS = ['eval', 'routing', '--data', '.', '--orders', '1'];
const PRICED = ['--prices', 'prices.csv'];

async function evaluate(cwd: string, ...args: readonly string[]): Promise<RouteReport> {
  const { code, out, err } = await atp([...ARGS, '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as RouteReport;
}

async function refused(cwd: string, ...args: readonly string[]): Promise<string> {
  const { code, err } = await atp([...ARGS, ...args], { cwd });
  expect(code).toBe(2);
  return err;
}

const LETTERS = {
  heading: 'id,category,answer,big,small',
  rows: ['1,law,A,A,A', '2,law,B,B,-', '3,law,C,C,', '4,law,D,-,D'],
  chars: ['id,big,small', '1,400,40', '2,400,80', '3,400,', '4,0,120'],
};

function letters(table: Parameters<typeof writeTable>[1] = LETTERS, name?: string): string {
  const cwd = tempFolder();
  writeTable(cwd, table, name);
  writePrices(cwd, ['big,1,10', 'small,0.1,1']);
  return cwd;
}

describe('answers', () => {
  test('a row without an answer is wrong and costs its tokens; no row is nobody asked', async () => {
    const report = await evaluate(letters(), ...PRICED, '--models', 'big,small', '--quality', '0.001');
    expect(report.data).toMatchObject({ layout: 'answers', set: null, has_answers: true, usual_out_tokens: null });
    const [big, small] = report.models;
    // Ten tokens of prompt; three answers of 100 tokens, one of none.
    expect(big).toMatchObject({ right: 0.75, answered: 4 });
    expect(big?.cost_usd).toBeCloseTo((10 * 1 + (300 / 4) * 10) / 1e6, 12);
    expect(small).toMatchObject({ right: 0.5, answered: 3 });
    expect(small?.cost_usd).toBeCloseTo((10 * 0.1 + 20 * 1) / 1e6, 12);
    expect(report.oracle.right).toBe(1);
  });

  test('a prompt that none of them was asked is left out and counted', async () => {
    const report = await evaluate(
      letters({ ...LETTERS, rows: [...LETTERS.rows, '5,law,A,,'], chars: [...LETTERS.chars, '5,,'] }),
      ...[...PRICED, '--models', 'big,small', '--quality', '0.001'],
    );
    expect(report).toMatchObject({ prompts: 4, data: { left_out: { not_asked: 1 } } });
  });

  test('without lengths an answer is taken to have the usual one', async () => {
    const { heading, rows } = LETTERS;
    const report = await evaluate(letters({ heading, rows }), ...PRICED, '--models', 'big,small', '--quality', '1');
    expect(report.data.usual_out_tokens).toBe(250);
    expect(report.models[0]?.cost_usd).toBeCloseTo((10 * 1 + 250 * 10) / 1e6, 12);
  });

  test('refuses a prompt that is there twice, and one without words', async () => {
    const twice = letters({ ...LETTERS, rows: [...LETTERS.rows, '1,law,A,A,A'], chars: [...LETTERS.chars, '1,4,4'] });
    expect(await refused(twice, ...PRICED)).toContain('prompt 1');
    const cwd = letters();
    writeGz(cwd, 'questions.jsonl.gz', '{"id":1,"prompt":"a"}\n{"id":2,"prompt":"a"}\n{"id":1,"prompt":"a"}\n');
    expect(await refused(cwd, ...PRICED)).toContain('line 3 has prompt 1 again');
    writeGz(cwd, 'questions.jsonl.gz', '{"id":1,"prompt":"a"}\n');
    expect(await refused(cwd, ...PRICED)).toContain('prompt 2 is not in it');
  });
});

describe('marks', () => {
  const MARKS = { heading: 'id,big,small', rows: ['1,1,True', '2,1,0', '3,True,', '4,False,1'] };

  test('are enough: nobody is known to agree, so no fixed cascade can be compared', async () => {
    const cwd = letters(MARKS, 'correct.csv.gz');
    const report = await evaluate(cwd, ...PRICED, '--models', 'big,small', '--quality', '0.001');
    expect(report.data).toMatchObject({ layout: 'marks', has_answers: false, usual_out_tokens: 250 });
    expect(report.models).toMatchObject([
      { right: 0.75, answered: 4 },
      { right: 0.5, answered: 3 },
    ]);
    expect(report.points[0]?.by_category).toBeNull();
    const three = letters({ heading: 'id,big,small,mid', rows: ['1,1,0,1'] }, 'correct.csv.gz');
    writePrices(three, ['big,1,1', 'small,1,1', 'mid,1,1']);
    expect(await refused(three, ...PRICED, '--cascade', 'small,mid,big')).toContain('does not say what was answered');
  });

  test('lengths beside them count', async () => {
    const cwd = letters({ ...MARKS, chars: ['id,big,small', '1,4,4', '2,4,4', '3,4,4', '4,4,4'] }, 'correct.csv.gz');
    const report = await evaluate(cwd, ...PRICED, '--models', 'big,small', '--quality', '0.001');
    expect(report.data.usual_out_tokens).toBeNull();
    expect(report.models[0]?.cost_usd).toBeCloseTo((10 * 1 + 1 * 10) / 1e6, 12);
  });

  test('anything else is refused with its line', async () => {
    const cwd = letters({ ...MARKS, rows: ['1,1,1', '2,0.5,1'] }, 'correct.csv.gz');
    expect(await refused(cwd, ...PRICED)).toMatch(/correct\.csv\.gz: line 3 has 0\.5 where 0, 1, True, False/);
  });
});

describe('routellm', () => {
  function written(entries?: readonly TarEntry[]): string {
    const cwd = tempFolder();
    writeRoutellm(cwd, entries);
    return cwd;
  }

  test('reads subjects from the archive and leaves contaminated prompts out', async () => {
    const report = await evaluate(written(), ...PRICED, '--policy', 'single');
    expect(report).toMatchObject({ prompts: 119, data: { set: 'mmlu', left_out: { contaminated: 1 } } });
    expect(report.models).toMatchObject([
      { model: WEAK, right: 60 / 119 },
      { model: STRONG, right: 1 },
    ]);
    expect(report.apgr).toMatchObject({ weak: WEAK, strong: STRONG });
    // All that is gained is gained in one category, first: straight up to its share of prompts, then level.
    const share = 59 / 119;
    expect(report.apgr?.by_category).toBeCloseTo(1 - share / 2, 12);
    expect(report.apgr?.oracle).toBeCloseTo(1 - share / 2, 12);
    expect(report.points.length).toBeGreaterThan(4);
    const prices = report.points.map(({ usd_per_point }) => usd_per_point);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
  });

  test('of the other set also what was said, whose length counts', async () => {
    const report = await evaluate(written(), ...PRICED, '--set', 'gsm8k', '--quality', '1');
    expect(report).toMatchObject({ prompts: 2, data: { set: 'gsm8k', usual_out_tokens: null } });
    // A quarter of a token of prompt; ten characters and none.
    expect(report.models[0]?.cost_usd).toBeCloseTo((0.25 + 10 / 4 / 2) / 1e6, 12);
  });

  test('what was streamed before teaches, and does not count', async () => {
    const [cold, warm] = [tempFolder(), written()];
    writeRoutellm(cold, [
      { name: 'mmlu_law.csv', text: routellmEntries(40)[1]?.text.replaceAll('case', 'act') ?? '' },
      { name: 'mmlu_maths.csv', text: routellmEntries(40)[2]?.text.replaceAll('case', 'act') ?? '' },
    ]);
    const args = [...PRICED, '--policy', 'single', '--quality', '0.0003'];
    const alone = await evaluate(cold, ...args);
    const taught = await evaluate(cold, ...args, '--warm', `${warm}#mmlu`);
    expect(taught).toMatchObject({ prompts: 80, warm: { set: 'mmlu', prompts: 119, left_out: { again: 0 } } });
    expect(taught.models).toEqual(alone.models);
    expect(taught.points[0]?.parts[0]?.regret_points.mean).toBeLessThan(
      (alone.points[0]?.parts[0]?.regret_points.mean ?? 0) - 1,
    );
    const again = await evaluate(warm, ...args, '--warm', `${warm}#gsm8k`);
    expect(again.warm).toMatchObject({ set: 'gsm8k', prompts: 2 });
    expect(await refused(warm, ...args, '--warm', warm)).toContain('of no prompt');
  });

  test.each([
    ['a link', { name: 'mmlu_a.csv', text: '', type: '2' }, 'no regular file'],
    ['a name that leaves its folder', { name: 'mmlu/../../a.csv', text: '' }, 'leaves its folder'],
    ['an absolute name', { name: '/a.csv', text: '' }, 'leaves its folder'],
    ['a long name of GNU tar', { name: '././@LongLink', text: 'x', type: 'L' }, 'no regular file'],
    ['another kind of file', { name: 'notes.txt', text: 'x' }, 'is no .csv'],
    ['a file twice', { name: 'mmlu/mmlu_law.csv', text: '' }, 'is in it twice'],
    ['an empty file', { name: 'mmlu/mmlu_art.csv', text: '' }, 'it is empty'],
    ['another heading', { name: 'mmlu_a.csv', text: 'question,a,b\nx,True,True\n' }, 'its first line is to be prompt'],
    ['other models', { name: 'mmlu_a.csv', text: 'prompt,a,b\nx,True,True\n' }, 'other models'],
    ['another mark', { name: 'mmlu_a.csv', text: `prompt,${WEAK},${STRONG}\nx,yes,True\n` }, 'line 2 has yes'],
    ['a line without an end', { name: 'mmlu_a.csv', text: ','.repeat(4_194_305) }, 'line 1 is longer than'],
    ['an open quote', { name: 'mmlu_a.csv', text: `prompt,${WEAK},${STRONG}\n"x,True,True\n` }, 'quote is not closed'],
  ])('refuses an archive with %s', async (_, entry, why) => {
    expect(await refused(written([...routellmEntries(2), entry]), ...PRICED)).toContain(why);
  });

  test('refuses an archive that is cut or changed, and a list of prompts that is none', async () => {
    const cwd = written();
    const tar = tarOf(routellmEntries(20));
    const put = (bytes: Buffer): void => writeFileSync(join(cwd, 'mmlu_responses.tar.gz'), bytes);
    put(gzipSync(tar).subarray(0, 200));
    expect(await refused(cwd, ...PRICED)).toContain('no whole gzip file');
    put(gzipSync(tar.subarray(0, 1_200)));
    expect(await refused(cwd, ...PRICED)).toContain('it ends within mmlu/mmlu_law.csv');
    tar[520] = 0x41;
    put(gzipSync(tar));
    expect(await refused(cwd, ...PRICED)).toContain('at byte 512 there is no tar header');
    writeFileSync(join(cwd, 'mmlu_contaminated_prompts.jsonl'), '{"eval_prompt":1}\n');
    expect(await refused(cwd, ...PRICED)).toContain('line 1 has no "eval_prompt"');
  });
});

describe('ulab-llmrouter', () => {
  const ROWS = [
    { question: 'One?', scores: { [WEAK]: 0.25, [STRONG]: 1 }, cluster_id: 0 },
    { question: 'Two?', scores: { [WEAK]: 0.75, [STRONG]: 0.5 }, cluster_id: 1 },
    { question: 'Six?', scores: { [WEAK]: 0, [STRONG]: 0 }, cluster_id: 1 },
  ];

  test('scores are parts of right, and prices are its own', async () => {
    const cwd = tempFolder();
    writeUlab(cwd, 'test', ROWS);
    writeUlab(cwd, 'train', [...ROWS, { question: 'Ten?', scores: { [WEAK]: 1, [STRONG]: 1 } }]);
    const report = await evaluate(cwd, '--quality', '0.001', '--warm', '.#train');
    expect(report.data).toMatchObject({ layout: 'ulab-llmrouter', set: 'test', prompts: 3 });
    expect(report.warm).toMatchObject({ set: 'train', prompts: 1, left_out: { again: 3 } });
    expect(report.models[0]?.right).toBeCloseTo(1 / 3, 12);
    expect(report.models[1]?.right).toBeCloseTo(0.5, 12);
    expect(report.models[1]?.cost_usd).toBeCloseTo((1 + 250) / 1e6, 12);
    // The best of each; where all are as good, the cheapest.
    expect(report.oracle.right).toBeCloseTo((1 + 0.75 + 0) / 3, 12);
    expect(report.oracle.cost_usd).toBeCloseTo(((1 + 0.2 + 0.2) * 251) / 3 / 1e6, 12);
    writePrices(cwd, [`${WEAK},2,2`, `${STRONG},4,4`]);
    const named = await evaluate(cwd, '--quality', '0.001', ...PRICED);
    expect(named.models[1]?.cost_usd).toBeCloseTo((4 * 251) / 1e6, 12);
  });

  test.each([
    ['a score above 1', { question: 'a', scores: { [WEAK]: 1.5, [STRONG]: 0 } }, 'entry 4 has a score of near/weak-7b'],
    ['a score below 0', { question: 'a', scores: { [WEAK]: -0.1, [STRONG]: 0 } }, 'no number from 0 to 1'],
    ['a word for a score', { question: 'a', scores: { [WEAK]: 'yes', [STRONG]: 0 } }, 'no number from 0 to 1'],
    ['no scores', { question: 'a', scores: [1, 0] as never }, 'entry 4 has no "question" or no "scores"'],
  ])('refuses %s', async (_, row, why) => {
    const cwd = tempFolder();
    writeUlab(cwd, 'test', [...ROWS, row]);
    expect(await refused(cwd)).toContain(why);
  });

  test('refuses files that are no JSON, prices that are none, and a set that is not there', async () => {
    const cwd = tempFolder();
    writeUlab(cwd, 'test', [...ROWS, ...ROWS]);
    expect(await refused(cwd, '--set', 'train')).toContain('no set train: it holds the sets test.');
    writeFileSync(join(cwd, 'default_llm.json'), JSON.stringify({ [WEAK]: { input_price: '1', output_price: 1 } }));
    expect(await refused(cwd)).toContain(`${WEAK} has no "input_price"`);
    writeFileSync(join(cwd, 'default_llm.json'), JSON.stringify({ [WEAK]: { input_price: 1, output_price: 1 } }));
    expect(await refused(cwd)).toContain(`it has no price of ${STRONG}`);
    writeGz(cwd, 'test.json.gz', '{"a":1}');
    expect(await refused(cwd)).toContain('it is to be a list');
    writeGz(cwd, 'test.json.gz', '[');
    expect(await refused(cwd)).toContain('it is no JSON');
  });
});

test('a folder that fits no form is refused with what was looked for', async () => {
  const cwd = tempFolder();
  const why = await refused(cwd, ...PRICED);
  for (const file of ['predictions.csv.gz', 'correct.csv.gz', 'mmlu_responses.tar.gz', 'test.json.gz'])
    expect(why).toContain(file);
  expect(await refused(letters(), '--models', 'big,small')).toContain('--prices');
  expect(await refused(letters(), ...PRICED, '--set', 'mmlu')).toContain('one set');
});
