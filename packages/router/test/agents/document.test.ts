import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AGENT_FAULTS } from '../../src/atp/agents/faults.ts';

const root = join(import.meta.dirname, '../../../..');
const document = readFileSync(join(root, 'docs/protocol/atp-agents.md'), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('docs/protocol/atp-agents.md', () => {
  const numbers = [...document.matchAll(/^\*\*A(\d+)\*\*/gm)].map((match) => Number(match[1]));

  test('numbers its sentences in order', () => {
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
  });

  test('has every fault, how hard it is, and what it breaks', () => {
    const start = rows.findIndex(([first]) => first === 'fault') + 2;
    const expected = Object.entries(AGENT_FAULTS).map(([name, { hard, sentence }]) => [
      ...[`\`${name}\``, hard ? 'hard' : 'a lapse', sentence],
    ]);
    expect(rows.slice(start, start + expected.length)).toEqual(expected);
  });

  test('names a test for every sentence, and tests that there are', () => {
    const tests = rows.slice(rows.findIndex(([first]) => first === 'sentence') + 2);
    const missing = tests.filter(([, path = '', name]) => {
      const file = join(root, path.replaceAll('`', ''));
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(`${name}'`);
    });
    expect(missing).toEqual([]);
    const held = new Set(tests.flatMap(([sentences = '']) => sentences.split(', ')));
    expect(numbers.filter((number) => !held.has(`A${number}`))).toEqual([]);
  });
});
