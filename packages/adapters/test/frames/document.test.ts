import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FRAME_CONNECTION_LIMITS } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { CLOSES, SUBPROTOCOL } from '../../src/frames/index.ts';

const root = join(import.meta.dirname, '../../../..');
const document = readFileSync(join(root, 'docs/protocol/atp-transports.md'), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const start = rows.findIndex(([first]) => first === 'sentence');

describe('docs/protocol/atp-transports.md', () => {
  it('numbers its sentences none twice and none left out, in order within a section, and has a test for each', () => {
    const numbers = [...document.matchAll(/^\*\*T(\d+)\*\*/gm)].map((match) => Number(match[1]));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    for (const section of document.split(/^## /m)) {
      // A sentence keeps its number: new ones stand at the end of their section.
      const here = [...section.matchAll(/^\*\*T(\d+)\*\*/gm)].map((match) => Number(match[1]));
      expect(here).toEqual(here.toSorted((a, b) => a - b));
    }
    const tested = new Set(rows.slice(start + 2).flatMap(([sentences = '']) => sentences.split(', ')));
    expect(numbers.filter((number) => !tested.has(`T${number}`))).toEqual([]);
    const named = [...document.matchAll(/\bT(\d+)\b/g)].map((match) => Number(match[1]));
    expect(Math.max(...named)).toBe(numbers.length);
  });

  it('has every code of a close, and every limit', () => {
    const codes = rows.filter(([, name = '']) => /^`\w+`$/.test(name)).map(([code, name]) => [name, code]);
    expect(Object.fromEntries(codes)).toMatchObject(
      Object.fromEntries(Object.entries(CLOSES).map(([name, code]) => [`\`${name}\``, String(code)])),
    );
    const limits = Object.entries(FRAME_CONNECTION_LIMITS).map(([name, value]) => [
      `\`${name}\``,
      value.toLocaleString('en-US'),
    ]);
    const documented = new Map(rows.map(([name, value]) => [name, value]));
    expect(limits.filter(([name = '', value]) => documented.get(name) !== value)).toEqual([]);
    expect(document).toContain(`\`${SUBPROTOCOL}\``);
  });

  it('names tests that there are', () => {
    const missing = rows.slice(start + 2).filter(([, path = '', name = '']) => {
      const file = join(root, path.replaceAll('`', ''));
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(`${name}'`);
    });
    expect(missing).toEqual([]);
  });
});
