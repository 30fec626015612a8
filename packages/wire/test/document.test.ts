import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONTENT_OPTIONAL, CONTENTS } from '../src/fields/content-fields.ts';
import { COST_EST, FRAG, FRAME, META, PAYLOAD, WINDOW } from '../src/fields/frame-fields.ts';
import { FLAGS, FRAGMENT_POLICY, FRAME_FAULTS, REASSEMBLY_LIMITS, WIRE_ERRORS, WIRE_LIMITS } from '../src/index.ts';

const root = join(import.meta.dirname, '../../..');
const document = readFileSync(join(root, 'docs/protocol/atp.md'), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const grouped = (value: number): string => value.toLocaleString('en-US');
const rowOf = (...start: readonly string[]): readonly string[] | undefined =>
  rows.find((row) => start.every((cell, i) => row[i] === cell));

describe('docs/protocol/atp.md', () => {
  it('numbers its sentences none twice and none left out, in order within a section', () => {
    const numbers = [...document.matchAll(/^\*\*W(\d+)\*\*/gm)].map((match) => Number(match[1]));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    for (const section of document.split(/^## /m)) {
      // A sentence keeps its number: new ones stand at the end of their section.
      const here = [...section.matchAll(/^\*\*W(\d+)\*\*/gm)].map((match) => Number(match[1]));
      expect(here).toEqual(here.toSorted((a, b) => a - b));
    }
    const named = [...document.matchAll(/\bW(\d+)\b/g)].map((match) => Number(match[1]));
    expect(Math.max(...named)).toBe(numbers.length);
  });

  it('has every member with its key', () => {
    const missing = [FRAME, WINDOW, META, PAYLOAD, COST_EST, FRAG].flatMap(({ id, fields }) =>
      Object.entries(fields)
        .filter(([name, { key, required }]) => !rowOf(`\`${name}\`${required ? ' !' : ''}`, String(key)))
        .map(([name]) => `${id}.${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('has every payload type with every member of its content', () => {
    for (const [type, shape] of Object.entries(CONTENTS)) {
      if (shape === undefined) {
        expect(document).toContain(`\`${type}\``);
        continue;
      }
      const text = rowOf(`\`${type}\``)?.[1] ?? '';
      for (const [name, { required }] of Object.entries(shape.fields)) {
        expect(text, type).toContain(`\`${name}\` ${required ? '!' : '?'}`);
      }
      expect(text.startsWith('may be absent'), type).toBe(CONTENT_OPTIONAL.has(type));
    }
  });

  it('has every flag, fault and error code', () => {
    for (const flag of FLAGS) expect(rowOf(`\`${flag}\``), flag).toBeDefined();
    for (const fault of Object.keys(FRAME_FAULTS)) expect(rowOf(`\`${fault}\``), fault).toBeDefined();
    for (const [code, { meaning, hint }] of Object.entries(WIRE_ERRORS)) {
      expect(rowOf(`\`${code}\``)).toEqual([`\`${code}\``, meaning, hint]);
    }
  });

  it('has the limits', () => {
    expect(rowOf('bytes', grouped(WIRE_LIMITS.frame_bytes))).toBeDefined();
    expect(rowOf('depth', grouped(WIRE_LIMITS.depth))).toBeDefined();
    expect(rowOf('items', grouped(WIRE_LIMITS.items))).toBeDefined();
    expect(rowOf('fragments of a message', grouped(REASSEMBLY_LIMITS.fragments))).toBeDefined();
    expect(rowOf('bytes of a message', grouped(REASSEMBLY_LIMITS.message_bytes))).toBeDefined();
    expect(rowOf('open messages of a session', grouped(REASSEMBLY_LIMITS.open_messages))).toBeDefined();
    expect(rowOf('bytes of all open messages')?.[1]).toContain(grouped(REASSEMBLY_LIMITS.buffer_bytes));
    for (const { text_bytes, binary_bytes } of Object.values(FRAGMENT_POLICY)) {
      expect(document).toContain(grouped(text_bytes));
      expect(binary_bytes).toBe(2 * text_bytes);
    }
  });

  it('names tests that there are', () => {
    const start = rows.findIndex(([first]) => first === 'sentence');
    const missing = rows.slice(start + 2).filter(([, path = '', name]) => {
      const file = join(root, path.replaceAll('`', ''));
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(`${name}'`);
    });
    expect(missing).toEqual([]);
    expect(rows.length - start).toBeGreaterThan(30);
  });
});
