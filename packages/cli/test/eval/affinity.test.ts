import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomInt, seededRng } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import type { AffinityReport } from '../../src/eval/affinity/run.ts';
import { tempFolder } from '../support/process.ts';
import { atp } from '../support/terminal.ts';
import { writeGz } from './folders.ts';

/** Forty conversations that take turns at random, each turn two blocks longer than the one before. */
function trace(turns: number): string {
  const rng = seededRng(3);
  const talks = Array.from({ length: 40 }, (_, i) => [1, 1_000 * (i + 1)]);
  const lines = Array.from({ length: turns }, (_, i) => {
    const talk = talks[randomInt(rng, 0, talks.length - 1)] as number[];
    talk.push(talk.length + (talk[1] ?? 0), talk.length + 1 + (talk[1] ?? 0));
    return JSON.stringify({
      ...{ timestamp: i * 500, input_length: talk.length * 512, output_length: 100 },
      hash_ids: talk,
    });
  });
  return `${lines.join('\n')}\n`;
}

const ARGS = ['eval', 'affinity', '--data', '.', '--targets', '4', '--cache-blocks', '2000'];

async function evaluate(cwd: string, ...args: readonly string[]): Promise<AffinityReport> {
  const { code, out, err } = await atp([...ARGS, '--json', ...args], { cwd });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as AffinityReport;
}

describe('atp eval affinity', () => {
  test('the router hits nearly what can be hit and far more than who does not look, and keeps loads alike', async () => {
    const cwd = tempFolder();
    writeGz(cwd, 'small_trace.jsonl.gz', trace(600));
    const report = await evaluate(cwd);
    expect(report.traces.map(({ trace: name, requests }) => [name, requests])).toEqual([['small', 600]]);
    const [{ placed, hit_rate_bound }] = report.traces as [AffinityReport['traces'][number]];
    const of = (name: string) => placed.find(({ placer }) => placer === name) as (typeof placed)[number];
    for (const { hit_rate } of placed) expect(hit_rate).toBeLessThanOrEqual(hit_rate_bound);
    expect(of('affinity').hit_rate).toBeGreaterThan(0.9 * hit_rate_bound);
    expect(of('affinity').hit_rate).toBeGreaterThan(1.3 * of('random').hit_rate);
    expect(of('affinity').work_max_over_mean).toBeLessThan(1.3);
    expect(of('round robin').requests_max_over_mean).toBe(1);
    expect(await evaluate(cwd)).toEqual(report);
    const shown = await atp(ARGS, { cwd });
    expect(shown.out).toContain('small: 600 requests');
  });

  test('one target hits what can be hit, and a cache of one block next to nothing', async () => {
    const cwd = tempFolder();
    writeGz(cwd, 'a_trace.jsonl.gz', trace(200));
    const one = (await evaluate(cwd, '--targets', '1', '--cache-blocks', '1000000')).traces[0];
    expect(one?.placed.map(({ hit_rate }) => hit_rate)).toEqual(Array(5).fill(one?.hit_rate_bound));
    const tiny = (await evaluate(cwd, '--cache-blocks', '1')).traces[0];
    // The beginning that all have in common is what is left.
    for (const { hit_rate } of tiny?.placed ?? []) expect(hit_rate).toBeLessThan(200 / (tiny?.blocks ?? 0));
  });

  test.each([
    ['no JSON', '{', 'line 1'],
    ['no blocks', '{"timestamp":0,"input_length":1,"output_length":1,"hash_ids":[]}', 'line 1'],
    [
      'time that goes back',
      '{"timestamp":5,"input_length":1,"output_length":1,"hash_ids":[1]}\n{"timestamp":4,"input_length":1,"output_length":1,"hash_ids":[1]}',
      'line 2 goes back',
    ],
    ['nothing', '', 'no request'],
  ])('%s is said with its place', async (_what, text, said) => {
    const cwd = tempFolder();
    writeGz(cwd, 'bad_trace.jsonl.gz', text);
    const { code, err } = await atp(ARGS, { cwd });
    expect(code).toBe(2);
    expect(err).toContain(said);
  });

  test('a folder without traces is refused', async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'other.txt'), '');
    const { code, err } = await atp(ARGS, { cwd });
    expect(code).toBe(2);
    expect(err).toContain('_trace.jsonl.gz');
  });
});
