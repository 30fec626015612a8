import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RoutePart, RoutePoint, RouteReport } from '../../src/eval/routing/report.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { MODELS, writeGz, writePredictions } from './folders.ts';

const PROMPTS = 300;
const PRICES = ['north-large,3,12', ...MODELS.slice(1).map((model) => `${model},0.1,0.4`)];

function folder(prices: readonly string[] = PRICES, questions: boolean = true): string {
  const cwd = tempFolder();
  writePredictions(cwd, PROMPTS);
  const lines = Array.from({ length: PROMPTS }, (_, i) =>
    JSON.stringify({
      id: i + 100,
      question: i % 3 === 0 ? 'Is the contract void?' : 'Add 3 and 4.',
      options: ['7', '8'],
    }),
  );
  if (questions) writeGz(cwd, 'questions.jsonl.gz', `${lines.join('\n')}\n`);
  writeFileSync(join(cwd, 'prices.csv'), `${['model,in_usd_per_mtok,out_usd_per_mtok', ...prices].join('\n')}\n`);
  return cwd;
}

const ARGS = ['eval', 'routing', '--data', '.', '--prices', 'prices.csv', '--quality', '0.001'];

async function evaluate(cwd: string, ...args: readonly string[]): Promise<RouteReport> {
  const { code, out, err } = await atp([...ARGS, '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as RouteReport;
}

function partOf({ points }: RouteReport, part: RoutePart['part'], place: number = 0): RoutePart {
  const found = (points[place] as RoutePoint).parts.find((one) => one.part === part);
  if (found === undefined) throw new Error(`no part ${part}`);
  return found;
}

describe('atp eval routing', () => {
  test('says what each model alone comes to, and what routing came to at each price of quality', async () => {
    const report = await evaluate(folder(), '--orders', '2', '--quality', '0.00001,0.1');
    expect(report).toMatchObject({ version: 2, prompts: PROMPTS, best_single: 'north-large' });
    expect(report.models.map(({ model }) => model)).toEqual(MODELS);
    expect(report.models[0]).toMatchObject({ cost_share: 1, answered: PROMPTS });
    const [mean, dear] = [partOf(report, 'all'), partOf(report, 'all', 1)];
    expect(mean.cost_share.mean).toBeLessThan(0.3);
    expect(dear.right.mean).toBeGreaterThan(mean.right.mean);
    expect(dear.right.mean).toBeGreaterThan(0.7);
    expect(report.oracle.right).toBeGreaterThan(dear.right.mean);
    expect(report.points[0]?.by_category?.cost_share).toBeLessThan(1);
    for (const { paths } of report.points)
      expect(paths.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
  });

  test('single asks one each; equal seeds give equal reports, and a price of quality changes no order', async () => {
    const cwd = folder();
    const single = await evaluate(cwd, '--policy', 'single', '--orders', '1');
    // One more only where no answer could be read.
    expect(single.points[0]?.calls).toBe(1);
    expect(await evaluate(cwd, '--policy', 'single', '--orders', '1')).toEqual(single);
    expect(await evaluate(cwd, '--policy', 'single', '--orders', '1', '--seed', '2')).not.toEqual(single);
  });

  test.each(['ucb', 'thompson', 'linucb'])(
    '%s can stand in for the default, and asks one model each',
    async (learner) => {
      const report = await evaluate(folder(), '--learner', learner, '--orders', '1');
      expect(report.options).toMatchObject({ learner });
      expect(report.points[0]?.calls).toBe(1);
      // UCB learns who is right most often for a dollar, the others who is right most often at this price of quality.
      const drawnOf = (of: 'right' | 'cost_share'): number => report.models.reduce((sum, model) => sum + model[of], 0);
      const { right, cost_share } = partOf(report, 'last_half');
      if (learner === 'ucb') {
        expect(right.mean / cost_share.mean).toBeGreaterThan(drawnOf('right') / drawnOf('cost_share'));
      } else expect(right.mean).toBeGreaterThan(drawnOf('right') / report.models.length);
    },
  );

  test('something happens to one model in the middle, and it is said how soon that is made up for', async () => {
    const cwd = folder();
    const asked = ['--orders', '2', '--quality', '0.01', '--models', 'north-large,north-small,east-7b'];
    const of = async (change: string): Promise<RouteReport> => evaluate(cwd, ...asked, '--drift', change);
    const before = await evaluate(cwd, ...asked);
    const worse = await of('worse:north-large');
    expect(before.drifts).toEqual([]);
    const rightOf = (report: RouteReport): number => report.models[0]?.right ?? 0;
    expect(rightOf(worse)).toBeLessThan(0.6 * rightOf(before));
    expect(worse.drifts).toHaveLength(1);
    const [one] = worse.drifts;
    expect(one?.worth_knowing).toBeGreaterThan(one?.worth_static ?? Number.POSITIVE_INFINITY);
    expect(one?.worth.mean).toBeGreaterThan(one?.worth_static ?? Number.POSITIVE_INFINITY);
    expect((await of('cheaper:north-large')).models[0]?.cost_usd).toBeCloseTo(
      (before.models[0]?.cost_usd ?? 0) / 2,
      12,
    );
    const [added] = (await of('new:north-large')).drifts;
    expect(added?.worth.mean).toBeGreaterThan(added?.worth_static ?? Number.POSITIVE_INFINITY);
    for (const [change, words] of [
      ['worse:nobody', 'none of the models'],
      ['better:north-large', 'worse, cheaper, new'],
      ['worse', 'worse, cheaper, new'],
    ] as const) {
      const { code, err } = await atp([...ARGS, '--drift', change], { cwd });
      expect([code, err]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  test('what is told late, seldom or wrongly teaches less', async () => {
    const cwd = folder();
    const dear = ['--orders', '2', '--quality', '0.01', '--models', 'north-large,north-small,east-7b'];
    const told = partOf(await evaluate(cwd, ...dear), 'last_half');
    const wrong = await evaluate(cwd, ...dear, '--noise', '1');
    expect(partOf(wrong, 'last_half').right.mean).toBeLessThan(told.right.mean - 0.05);
    const two = ['--orders', '1', '--models', 'north-large,east-7b'];
    const late = await evaluate(cwd, ...two, '--delay', String(PROMPTS));
    const never = await evaluate(cwd, ...two, '--feedback', '0');
    expect(late.points).toEqual(never.points);
  });

  test('for people it is a table, with a fixed cascade to compare with', async () => {
    const cascade = ['--cascade', 'north-small,east-7b,north-large'];
    const { code, out } = await atp([...ARGS, '--orders', '1', ...cascade], { cwd: folder() });
    expect(code).toBe(0);
    expect(out).toContain('ALWAYS');
    expect(out).toMatch(/north-small and east-7b, where they differ north-large: right 0\.\d{4}, cost \d\.\d{4}/);
    expect(out).toMatch(/right in ten stretches: (?:0\.\d{3} ?){10}\n/);
    expect(out).toMatch(/last_half +0\.\d{4}/);
  });

  test('refuses what it cannot use, with the reason', async () => {
    const refused = async (cwd: string, ...args: readonly string[]): Promise<string> => {
      const { code, err } = await atp([...ARGS, ...args], { cwd });
      expect(code).toBe(2);
      return err;
    };
    expect(await refused(folder(PRICES.slice(1)))).toContain('no price of north-large');
    expect(await refused(folder(['north-large,-1,2']))).toContain('line 2');
    expect(await refused(folder(PRICES, false))).toContain('questions.jsonl.gz');
    expect(await refused(folder(), '--models', 'north-large')).toContain('two models or more');
    expect(await refused(folder(), '--cascade', 'north-large,north-small')).toContain('three names');
    expect(await refused(folder(), '--models', 'north-large,east-7b', '--cascade', 'a,b,east-7b')).toContain(
      'a is none',
    );
    expect(await refused(folder(), '--quality', '0')).toContain('above 0');
    expect(await refused(folder(), '--prices', 'none.csv')).toContain('ENOENT');
  });
});
