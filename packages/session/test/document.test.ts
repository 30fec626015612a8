import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SESSION_LIMIT_TABLE } from '../src/limit-words.ts';

const root = join(import.meta.dirname, '../../..');
const document = readFileSync(join(root, 'docs/protocol/atp-sessions.md'), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('docs/protocol/atp-sessions.md', () => {
  const numbers = [...document.matchAll(/^\*\*S(\d+)\*\*/gm)].map((match) => Number(match[1]));

  it('numbers its sentences, none twice and none left out, and in order within a section', () => {
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    for (const section of document.split(/^## /m)) {
      // A sentence keeps its number: new ones stand at the end of their section.
      const here = [...section.matchAll(/^\*\*S(\d+)\*\*/gm)].map((match) => Number(match[1]));
      expect(here).toEqual(here.toSorted((a, b) => a - b));
    }
    const named = [...document.matchAll(/\bS(\d+)\b/g)].map((match) => Number(match[1]));
    expect(Math.max(...named)).toBe(numbers.length);
  });

  it('has every timer and limit with its default and reason', () => {
    const start = rows.findIndex(([first]) => first === 'name') + 2;
    const expected = Object.entries(SESSION_LIMIT_TABLE).map(([name, { value, bounds, why }]) => [
      `\`${name}\``,
      value.toLocaleString('en-US'),
      bounds,
      why,
    ]);
    expect(rows.slice(start, start + expected.length)).toEqual(expected);
  });

  it('names a test for every sentence, and tests that there are', () => {
    const tests = rows.slice(rows.findIndex(([first]) => first === 'sentence') + 2);
    const missing = tests.filter(([, path = '', name]) => {
      const file = join(root, path.replaceAll('`', ''));
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(`${name}'`);
    });
    expect(missing).toEqual([]);
    const held = new Set(tests.flatMap(([sentences = '']) => sentences.split(', ')));
    expect(numbers.filter((number) => !held.has(`S${number}`))).toEqual([]);
  });
});
