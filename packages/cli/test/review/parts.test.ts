import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DiffLine, FileChange } from '../../src/review/diff.ts';
import { partsOf } from '../../src/review/parts.ts';
import { promptOf } from '../../src/review/prompt.ts';

const NONE = {
  old_path: undefined,
  status: 'modified',
  kind: 'text',
  old_mode: undefined,
  new_mode: undefined,
} as const;

function fileOf(path: string, given: readonly Pick<DiffLine, 'kind' | 'text'>[]): FileChange {
  let next = 1;
  const lines = given.map(({ kind, text }): DiffLine => {
    if (kind === 'removed') return { kind, text, new_line: undefined };
    next += 1;
    return { kind, text, new_line: next - 1 };
  });
  const count = (kind: DiffLine['kind']): number => lines.filter((one) => one.kind === kind).length;
  return { ...NONE, path, lines, added: count('added'), removed: count('removed') };
}

const lines = fc.array(
  fc.record({
    kind: fc.constantFrom('same' as const, 'same' as const, 'same' as const, 'added' as const, 'removed' as const),
    text: fc.string({ maxLength: 60 }).map((text) => text.replace(/[\r\n]/g, '')),
  }),
  { minLength: 1, maxLength: 120 },
);

describe('parts of a change', () => {
  test('have every changed line once, in order, and are bounded', () => {
    fc.assert(
      fc.property(fc.array(lines, { maxLength: 6 }), fc.integer({ min: 0, max: 9 }), (given, context) => {
        const files = given.map((one, i) => fileOf(`f${i}.ts`, one));
        const parts = partsOf(files, { context, part_chars: 3_000 });
        const changed = ({ kind }: DiffLine): boolean => kind !== 'same';
        const shown = parts.flatMap(({ pieces }) => pieces.flatMap((piece) => piece.lines.filter(changed)));
        expect(shown).toEqual(files.flatMap((file) => file.lines.filter(changed)));
        for (const { chars, pieces } of parts) {
          expect(chars <= 3_000 || pieces.length === 1).toBe(true);
          expect(chars).toBeLessThan(9_000);
        }
      }),
    );
  });

  test('show excerpts of the new side under the numbers of its lines', () => {
    fc.assert(
      fc.property(lines, (given) => {
        const file = fileOf('a.ts', given);
        const whole = file.lines.flatMap(({ new_line, text }) => (new_line === undefined ? [] : [text]));
        for (const { pieces } of partsOf([file], { context: 3, part_chars: 2_000 })) {
          for (const { excerpt } of pieces) {
            if (excerpt === undefined) continue;
            const from = excerpt.first_line - 1;
            expect(excerpt.lines).toEqual(whole.slice(from, from + excerpt.lines.length));
          }
        }
      }),
    );
  });

  test('are asked in fences that nothing in a file closes', () => {
    const hostile = ['```', '  `````text title="b.ts"', '`'.repeat(16), '~~~', 'plain'];
    const file = fileOf(
      'a.ts',
      hostile.map((text) => ({ kind: 'added', text })),
    );
    const [part] = partsOf([file], { context: 3, part_chars: 9_000 });
    const prompt = part === undefined ? '' : promptOf(part, { n: 1, of: 1 });
    const mark = '`'.repeat(16);
    const fences = prompt.split('\n').filter((line) => line.trimStart().startsWith(mark));
    expect(fences).toEqual([`${mark}text title="a.ts" first_line=1`, mark, `${mark}diff`, mark]);
    expect(prompt).toContain(`\n| ${mark}\n`);
  });
});
