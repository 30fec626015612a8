import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatProblems } from '../../src/config/index.ts';
import { formatPath } from '../../src/config/problem.ts';
import { check, problems, valid } from './support.ts';

const SEED = 20_261_122;
/** Of the runs that the deep run makes, which multiplies all of them. */
const PART = process.env['ATP_DEEP_FACTOR'] === undefined ? 0.4 : 1;
const FULL = readFileSync(join(import.meta.dirname, 'fixtures/full.yaml'), 'utf8');
const ENV = { OPENAI_KEY: 'sk-1', OTLP_TOKEN: 'token-1' };
const FILES = { 'secrets/db': 'postgres://u:p@h/d' };

const WORDS = [
  'providers',
  'models',
  'listen',
  'id',
  'up',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '&a ',
  '*a',
  '${X}',
  '$${',
  '|',
  '\n',
  '\n  ',
  '\t',
  '#',
  ',',
  '!!',
  '? ',
  '---\n',
  '<<',
  '0x1',
  '__proto__',
  'é',
  '\u0000',
];

describe('any text', () => {
  const never_throws = (text: string): void => {
    const result = check(text);
    if (result.ok) return;
    expect(result.problems.length).toBeGreaterThan(0);
    const lines = text.split('\n').length;
    for (const problem of result.problems) {
      expect(problem.line).toBeGreaterThanOrEqual(1);
      expect(problem.line).toBeLessThanOrEqual(lines + 1);
      expect(problem.column).toBeGreaterThanOrEqual(1);
    }
  };
  const pieces = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(''));

  test('of any characters', () =>
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), never_throws), {
      seed: SEED,
      numRuns: 120 * PART,
    }));

  test('of pieces of YAML', () => {
    fc.assert(fc.property(pieces, never_throws), { seed: SEED, numRuns: 100 * PART });
  });

  test('gives problems that can be shown', () => {
    const shown = (text: string): void => {
      expect(formatProblems(problems(text).slice(0, 5), { file: 'f', text })).toContain(' in f\n');
    };
    fc.assert(fc.property(pieces, shown), { seed: SEED, numRuns: 50 * PART });
  });

  test('of any values', () =>
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => never_throws(JSON.stringify(value))),
      { seed: SEED, numRuns: 120 * PART },
    ));

  test('that is the full file with a piece cut out', () => {
    const cut = fc
      .tuple(fc.nat(FULL.length), fc.nat(60))
      .map(([at, length]) => FULL.slice(0, at) + FULL.slice(at + length));
    fc.assert(fc.property(cut, never_throws), { seed: SEED, numRuns: 60 * PART });
  });
});

describe('hostile text', () => {
  test('nested aliases do not expand', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(problems(lines.join('\n')).some((problem) => problem.message.includes('too many values'))).toBe(true);
  });

  test('an alias inside its own anchor ends', () =>
    expect(
      problems('listen: &a { host: *a }').some((problem) => problem.message.includes('inside its own anchor')),
    ).toBe(true));

  test('deep nesting ends', () => {
    expect(problems('['.repeat(100_000)).length).toBeGreaterThan(0);
    expect(
      problems(`listen: ${'{a: '.repeat(100)}1${'}'.repeat(100)}`).some((problem) =>
        problem.message.includes('too deep'),
      ),
    ).toBe(true);
  });

  test('many keys are read in linear time, and the problems are bounded', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n');
    const found = problems(text);
    expect(found).toHaveLength(1_001);
    expect(found.at(-1)?.message).toMatch(/more problems are not shown/);
  });

  test('a file beyond the limit is not parsed', () =>
    expect(problems('#'.repeat(4_194_305))).toMatchObject([{ line: 1, message: 'the file is too large' }]));

  test('an entry too many hides no other fault', () => {
    const providers = Array.from({ length: 257 }, (_, i) => ({ id: i === 100 ? 'not a name' : `p${i}`, type: 'sim' }));
    const found = problems(stringify({ providers, models: [{ id: 'm', provider: 'p0', context: 1 }] }));
    expect(found.map((problem) => problem.path)).toEqual(['providers', 'providers[100].id']);
  });
});

interface Leaf {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

function leaves(value: unknown, path: readonly (string | number)[] = []): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((entry, i) => leaves(entry, [...path, i]));
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, entry]) => leaves(entry, [...path, key]));
}

function withLeaf(
  root: unknown,
  path: readonly (string | number)[],
  change: (parent: Record<string | number, unknown>, key: string | number) => void,
): unknown {
  const copy: unknown = structuredClone(root);
  let parent = copy as Record<string | number, unknown>;
  for (const segment of path.slice(0, -1)) parent = parent[segment] as Record<string | number, unknown>;
  change(parent, path.at(-1) ?? '');
  return copy;
}

describe('any valid file', () => {
  const config = valid(FULL, ENV, FILES);
  const all = leaves(config);
  // Facts that clients make up may be of any kind, and changed lines a number or a comparison.
  const leaf = fc.constantFrom(...all.filter(({ path }) => !path.includes('facts') && !path.includes('diff_loc')));

  test('is still valid when written out and read again', () => expect(valid(stringify(config))).toEqual(config));

  test('with one value of the wrong kind has a problem at that value', () => {
    fc.assert(
      fc.property(leaf, fc.constantFrom<unknown>(null, true, -1, { zz: 1 }, [[]]), (at, wrong) => {
        if (typeof wrong === typeof at.value && wrong !== null) return;
        const text = stringify(withLeaf(config, at.path, (parent, key) => Object.assign(parent, { [key]: wrong })));
        const path = formatPath(at.path);
        const found = problems(text).find(
          (problem) =>
            problem.path === path || problem.path.startsWith(`${path}.`) || problem.path.startsWith(`${path}[`),
        );
        expect(found, `${path} = ${JSON.stringify(wrong)}`).toBeDefined();
      }),
      { seed: SEED, numRuns: 120 * PART },
    );
  });

  test('with one key misspelt has a problem on that very key, and the right key as suggestion', () => {
    const keyed = all.filter(
      ({ path }) =>
        String(path.at(-1)).length > 4 &&
        // What clients call their facts is theirs.
        !path.includes('facts') &&
        !path.includes('headers') &&
        !path.includes('on_untranslatable') &&
        typeof path.at(-1) === 'string',
    );
    fc.assert(
      fc.property(fc.constantFrom(...keyed), fc.nat(), (at, n) => {
        const right = String(at.path.at(-1));
        const i = 1 + (n % (right.length - 2));
        const wrong = right.slice(0, i) + right.slice(i + 1);
        const text = stringify(
          withLeaf(config, at.path, (parent, key) => {
            parent[wrong] = parent[key];
            delete parent[key];
          }),
        );
        const path = formatPath([...at.path.slice(0, -1), wrong]);
        const found = problems(text).find((problem) => problem.path === path);
        expect(found?.message).toBe(`unknown key "${wrong}"`);
        expect(found?.suggestion).toBe(right);
        const line = text.split('\n')[(found?.line ?? 0) - 1] ?? '';
        expect(line.slice((found?.column ?? 0) - 1).startsWith(`${wrong}:`)).toBe(true);
      }),
      { seed: SEED, numRuns: 100 * PART },
    );
  });
});
