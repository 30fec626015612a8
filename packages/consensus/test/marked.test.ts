import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { answerKey } from '../src/index.ts';

/** Lines in the layout of grade-school-math: answers of models, whether each was right, and the truth. */
interface Marked {
  readonly ground_truth: string;
  readonly [model: string]: string | { readonly is_correct: boolean; readonly solution: string };
}

/** Answers whose mark is not that of their key. */
function misjudged(lines: readonly string[], kind: 'number' | 'auto'): string[] {
  return lines.flatMap((line) => {
    const marked = JSON.parse(line) as Marked;
    const truth = answerKey(marked.ground_truth, { kind });
    return Object.values(marked).flatMap((answer) => {
      if (typeof answer === 'string') return [];
      return (answerKey(answer.solution, { kind }) === truth) === answer.is_correct ? [] : [answer.solution];
    });
  });
}

describe('marks that others gave', () => {
  // `example_model_solutions.jsonl` of https://github.com/openai/grade-school-math, packed with gzip.
  const path = process.env['ATP_GSM8K'];

  test('equal keys are right answers, others wrong ones', () => {
    const lines = readFileSync(join(import.meta.dirname, 'fixtures/marked.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(misjudged(lines, 'number')).toEqual([]);
    expect(misjudged(lines, 'auto')).toEqual([]);
  });

  // Not one that is skipped for want of what a run installs: who has the set asks for it by its path.
  if (path === undefined) return;
  test('so it is for all of grade-school-math', () => {
    const lines = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThan(1_000);
    expect(misjudged(lines, 'number')).toEqual([]);
    expect(misjudged(lines, 'auto')).toEqual([]);
  });
});
