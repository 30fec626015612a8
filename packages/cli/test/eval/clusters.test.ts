import { Draw } from '@atp-router/kernel/testing';
import { describe, expect, test } from 'vitest';
import { matchOf } from '../../src/eval/clusters/agreement.ts';
import type { ClustersReport } from '../../src/eval/clusters/run.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { writeGz } from './folders.ts';

const CATEGORIES = {
  sea: 'harbour vessel anchor tide sailor mast rudder wharf cargo lighthouse',
  music: 'violin sonata tempo cello melody chord concerto rhythm octave orchestra',
  law: 'court statute appeal verdict tort clause plaintiff counsel evidence contract',
} as const;

function folder(prompts: number, has_categories: boolean = true): string {
  const cwd = tempFolder();
  const draw = new Draw(1);
  const names = Object.keys(CATEGORIES) as (keyof typeof CATEGORIES)[];
  const rows: string[] = [];
  const questions: string[] = [];
  for (let id = 0; id < prompts; id += 1) {
    const category = names[id % names.length] ?? 'sea';
    const words = CATEGORIES[category].split(' ');
    rows.push(`${id},${has_categories ? category : 'all'},A,A`);
    const question = Array.from({ length: 8 }, () => draw.from(words)).join(' ');
    questions.push(JSON.stringify({ id, question }));
  }
  writeGz(cwd, 'predictions.csv.gz', `id,category,answer,one\n${rows.join('\n')}\n`);
  writeGz(cwd, 'questions.jsonl.gz', `${questions.join('\n')}\n`);
  return cwd;
}

const ARGS = ['eval', 'clusters', '--data', '.'];

async function evaluate(cwd: string, ...args: readonly string[]): Promise<ClustersReport> {
  const { code, out, err } = await atp([...ARGS, '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as ClustersReport;
}

describe('atp eval clusters', () => {
  test('finds what prompts are about without its name, far above chance and the same for the same seed', async () => {
    const cwd = folder(900);
    const report = await evaluate(cwd, '--orders', '2');
    expect(report).toMatchObject({ version: 1, prompts: 900, categories: 3 });
    expect(report.against.end.purity.mean).toBeGreaterThan(0.95);
    expect(report.against.end.nmi.mean).toBeGreaterThan(0.3);
    expect(report.against.random.nmi.mean).toBeLessThan(0.1);
    expect(report.against.kinds.ari).toBeLessThan(0.1);
    expect(report.changes['born']?.mean).toBeGreaterThan(0);
    expect(report.stability?.mean).toBeGreaterThan(0);
    expect(report.reassigned.mean).toBeLessThan(1);
    expect(await evaluate(cwd, '--orders', '2')).toEqual(report);
    const { out } = await atp([...ARGS, '--orders', '1'], { cwd });
    expect(out).toContain('topics, in the end');
    expect(out).not.toContain('two orders');
  });

  test.each(['plain', 'embedder'])('tells prompts apart by %s, too', async (vectors) => {
    const { against, options } = await evaluate(folder(700), '--vectors', vectors, '--orders', '1');
    expect(options['vectors']).toBe(vectors);
    expect(against.end.purity.mean).toBeGreaterThan(0.8);
  });

  test('a set without categories is refused, and so is one of too few prompts', async () => {
    expect(await atp(ARGS, { cwd: folder(300, false) })).toMatchObject({
      code: 2,
      err: expect.stringContaining('no categories'),
    });
    expect(await atp(ARGS, { cwd: folder(100) })).toMatchObject({ code: 2, err: expect.stringContaining('too few') });
  });
});

describe('how two partitions match', () => {
  test('the same is 1, whatever groups are called', () => {
    expect(matchOf(['x', 'x', 'y'], ['b', 'b', 'a'])).toEqual({ purity: 1, nmi: 1, ari: 1, groups: 2 });
  });

  test('is what Hubert and Arabie have it be, by a table that can be worked out by hand', () => {
    // Cells 2, 1; 1, 2: 2 pairs together, 6 in rows, 6 in columns, 15 in all.
    const { ari, purity, nmi } = matchOf([...'xxxyyy'], [...'aababb']);
    expect(ari).toBeCloseTo((2 - 36 / 15) / (6 - 36 / 15), 10);
    expect(purity).toBeCloseTo(4 / 6, 10);
    expect(nmi).toBeCloseTo(1 - (-(2 / 3) * Math.log2(2 / 3) - (1 / 3) * Math.log2(1 / 3)), 10);
  });
});
