import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Rng, randomInt, seededRng } from '@atp-router/kernel';

/** How often each model of the small data sets is right. The weak ones follow one wrong answer. */
const ACCURACY: Readonly<Record<string, number>> = {
  'north-large': 0.85,
  'north-small': 0.75,
  'east-7b': 0.4,
  'west-7b': 0.4,
  'south-7b': 0.35,
  'old-2b': 0.3,
};

export const MODELS: readonly string[] = Object.keys(ACCURACY);

interface Row {
  readonly id: string;
  readonly category: string;
  readonly right: string;
  readonly said: readonly string[];
}

function rows(prompts: number, seed: number, words: readonly string[]): readonly Row[] {
  const rng = seededRng(seed);
  const other = (not: string): string => {
    const rest = words.filter((word) => word !== not);
    return rest[randomInt(rng, 0, rest.length - 1)] ?? not;
  };
  return Array.from({ length: prompts }, (_, i) =>
    row(String(i + 100), i % 3 === 0 ? 'law' : 'maths', rng, words, other),
  );
}

function row(id: string, category: string, rng: Rng, words: readonly string[], other: (not: string) => string): Row {
  const right = words[randomInt(rng, 0, words.length - 1)] ?? '';
  const lure = other(right);
  const said = Object.values(ACCURACY).map((accuracy) => {
    if (rng.next() < 0.02) return '-';
    if (rng.next() < accuracy) return right;
    return rng.next() < 0.5 ? lure : other(right);
  });
  return { id, category, right, said };
}

export function writeGz(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), gzipSync(text));
}

const csv = (cells: readonly (readonly string[])[]): string => `${cells.map((line) => line.join(',')).join('\n')}\n`;

/** Letters, with lengths of answers, and a model that lacks rows. */
export function writePredictions(folder: string, prompts: number = 400): void {
  const list = rows(prompts, 11, ['A', 'B', 'C', 'D', 'E', 'F']);
  const lines = list.map(({ id, category, right, said }, i) => [id, category, right, ...said, i % 2 === 0 ? 'A' : '']);
  writeGz(folder, 'predictions.csv.gz', csv([['id', 'category', 'answer', ...MODELS, 'half-there'], ...lines]));
  const chars = list.map(({ id, said }) => [id, ...said.map((_, model) => String(400 - 40 * model)), '0']);
  writeGz(folder, 'output_chars.csv.gz', csv([['id', ...MODELS, 'half-there'], ...chars]));
}

const WORDS = ['the sea', '"a, b"', 'ünï', '42', '-0.5', 'no'];

/** Any strings, and marks in place of right answers. */
export function writeMarked(folder: string, prompts: number = 400): void {
  const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const list = rows(prompts, 12, WORDS);
  const lines = list.map(({ id, said }) => [id, ...said.map(quoted)]);
  writeGz(folder, 'answers.csv.gz', csv([['id', ...MODELS], ...lines]));
  const marks = list.map(({ id, said, right }) => [
    id,
    ...said.map((key) => (key === '-' ? '' : key === right ? '1' : '0')),
  ]);
  writeGz(folder, 'correct.csv.gz', csv([['id', ...MODELS], ...marks]));
}

/** Solutions in words, the answer last. */
export function writeSolutions(folder: string, prompts: number = 120): void {
  const list = rows(prompts, 13, ['1,200', '18', '-3', '0.5', '7']);
  const lines = list.map(({ id, right, said }) => {
    const solutions = said.map((key, model) => [
      MODELS[model],
      { is_correct: key === right, solution: `First 3 + 4 = 7.\nThen more.${key === '-' ? '' : `\nA: ${key}`}` },
    ]);
    return JSON.stringify({ question: `Prompt ${id}`, ground_truth: `A: ${right}`, ...Object.fromEntries(solutions) });
  });
  writeGz(folder, 'example_model_solutions.jsonl.gz', `${lines.join('\n')}\n`);
}
