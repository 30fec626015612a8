import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDINGS_MAX, TRACE_LINES_MAX } from '../../src/tools/index.ts';

const root = join(import.meta.dirname, '../../../..');
const document = readFileSync(join(root, 'docs/protocol/atp-traces.md'), 'utf8');
const folder = join(root, 'packages/wire/src/tools/trace');
const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

/** The sentences of the first column of the table of what is judged, ranges written out. */
function documented(): ReadonlySet<string> {
  const table = document.slice(document.indexOf('| sentences |'), document.indexOf('A finding names'));
  const cells = [...table.matchAll(/^\| ([WS]\d[^|]*) \|/gm)].map((match) => match[1] ?? '');
  return new Set(
    cells.flatMap((cell) =>
      cell.split(', ').flatMap((one) => {
        const [, letter = '', from = 0, to = from] = /^([WS])(\d+)(?: to [WS](\d+))?$/.exec(one) ?? [];
        return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => `${letter}${Number(from) + i}`);
      }),
    ),
  );
}

describe('docs/protocol/atp-traces.md', () => {
  it('names every sentence that is judged, and no other', () => {
    const judged = new Set(
      sources.flatMap((text) => [...text.matchAll(/'([WS]\d+)'/g)].map((match) => match[1] ?? '')),
    );
    expect(judged.size).toBeGreaterThan(25);
    expect([...judged].filter((rule) => !documented().has(rule))).toEqual([]);
    // What is told of a frame that cannot be read depends on the fault, and one sentence of a range stands for all.
    const outside = [...documented()].filter((rule) => !judged.has(rule) && !/^W(?:[2-9]|[12]\d|3\d)$/.test(rule));
    expect(outside).toEqual([]);
  });

  it('has the limits', () => {
    expect(document).toContain(TRACE_LINES_MAX.toLocaleString('en-US'));
    expect(document).toContain(FINDINGS_MAX.toLocaleString('en-US'));
  });

  it('has every member of a line', () => {
    const format = sources.find((text) => text.includes('export interface TraceLine {')) ?? '';
    const body = /export interface TraceLine \{([\s\S]*?)\n\}/.exec(format)?.[1] ?? '';
    const names = [...body.matchAll(/readonly (\w+)\??:/g)].map((match) => match[1] ?? '');
    expect(names.length).toBe(9);
    expect(names.filter((name) => !document.includes(`| \`${name}\``))).toEqual([]);
  });
});
