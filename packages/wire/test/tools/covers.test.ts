import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusals } from '../../src/tools/compat/covers.ts';
import type { SpecTable } from '../../src/tools/index.ts';

/** Specs that hold no shapes, with bounds that meet often. */
const bounds = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })).map(([a, b]) => ({
  min: Math.min(a, b),
  max: Math.max(a, b),
}));
const simple: fc.Arbitrary<SpecTable> = fc.oneof(
  bounds.map((b): SpecTable => ({ kind: 'int', ...b })),
  bounds.map((b): SpecTable => ({ kind: 'number', ...b })),
  bounds.map((b): SpecTable => ({ kind: 'text', ...b })),
  fc
    .uniqueArray(fc.constantFrom('a', 'bb', 'ccc'), { minLength: 1 })
    .map((values): SpecTable => ({ kind: 'word', values })),
  fc.constantFrom<SpecTable>({ kind: 'flag' }, { kind: 'any' }, { kind: 'free_object' }),
);
const spec: fc.Arbitrary<SpecTable> = fc.oneof(
  simple,
  fc.tuple(simple, fc.integer({ min: 0, max: 3 })).map(([of, max]): SpecTable => ({ kind: 'list', of, max })),
  fc.tuple(simple, fc.integer({ min: 0, max: 3 })).map(([of, max]): SpecTable => ({ kind: 'record', of, max })),
  fc.array(simple, { minLength: 1, maxLength: 2 }).map((of): SpecTable => ({ kind: 'either', of })),
);

const scalars: readonly unknown[] = [0, 1, 2, 3, 4, 0.5, 3.5, '', 'a', 'bb', 'ccc', 'dddd', true, null, {}, { x: 1 }];
const values: readonly unknown[] = [
  ...scalars,
  ...scalars.flatMap((one) => [[one], [one, one], [one, one, one], { x: one }, { x: one, y: one, z: one }]),
];

function accepts(of: SpecTable, value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  switch (of.kind) {
    case 'int':
      return Number.isInteger(value) && (value as number) >= of.min && (value as number) <= of.max;
    case 'number':
      return typeof value === 'number' && value >= of.min && value <= of.max;
    case 'text':
      return typeof value === 'string' && value.length >= of.min && value.length <= of.max;
    case 'word':
      return of.values.includes(value as string);
    case 'list':
      return Array.isArray(value) && value.length <= of.max && value.every((one) => accepts(of.of, one));
    case 'record':
      return (
        isObject && Object.keys(value).length <= of.max && Object.values(value).every((one) => accepts(of.of, one))
      );
    case 'either':
      return of.of.some((one) => accepts(one, value));
    case 'flag':
      return typeof value === 'boolean';
    case 'free_object':
      return isObject;
    case 'any':
      return true;
    case 'object':
      return false;
  }
}

describe('what a reader refuses of a writer', () => {
  it('is never nothing when there is a value that only the writer allows', () => {
    fc.assert(
      fc.property(spec, spec, (reader, writer) => {
        const refused = values.filter((value) => accepts(writer, value) && !accepts(reader, value));
        if (refused.length > 0) expect(refusals(reader, writer)).not.toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is nothing of itself, and nothing for a reader of anything', () => {
    fc.assert(
      fc.property(spec, (one) => {
        if (one.kind !== 'either') expect(refusals(one, one)).toEqual([]);
        expect(refusals({ kind: 'any' }, one)).toEqual([]);
      }),
    );
  });
});
