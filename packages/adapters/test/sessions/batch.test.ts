import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Batch } from '../../src/sessions/batch.ts';
import type { ItemChange } from '../../src/sessions/shelf.ts';
import type { SessionChanges } from '../../src/sessions/worker-protocol.ts';
import { keptSession } from '../../src/suites/index.ts';

const done = (): void => undefined;
const bytes = (n: number): Uint8Array => new Uint8Array(n);

/** What a file has: items by session; a session that is not kept has no row. */
type Kept = Map<string, Map<string, number>>;

function write(kept: Kept, { born, is_dropped, session, items }: SessionChanges): void {
  if (is_dropped) kept.delete(born);
  if (session !== undefined && !kept.has(born)) kept.set(born, new Map());
  for (const [key, value] of items) {
    if (value === undefined) kept.get(born)?.delete(key);
    else kept.get(born)?.set(key, value.length);
  }
}

const item: fc.Arbitrary<ItemChange> = fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd'),
  fc.option(fc.nat(1_000).map(bytes), { nil: undefined }),
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('save' as const), n: fc.nat(2), items: fc.array(item) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), n: fc.nat(2) }) },
);

it('leaves the same as each of its saves and drops by itself', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [batch, expected, kept]: [Batch, Kept, Kept] = [new Batch(), new Map(), new Map()];
      for (const one of steps) {
        const session = keptSession(one.n);
        const before = batch.bytes;
        if (one.do === 'drop') {
          batch.drop(session.born);
          write(expected, { born: session.born, is_dropped: true, items: new Map() });
        } else {
          batch.save(session, one.items, done);
          expect(batch.bytes).toBeLessThanOrEqual(before + Batch.bytesOf(one.items));
          for (const [key, value] of one.items) {
            const items = new Map([[key, value]]);
            write(expected, { born: session.born, is_dropped: false, session, items });
          }
          write(expected, { born: session.born, is_dropped: false, session, items: new Map() });
        }
      }
      for (const changes of batch.changes) write(kept, changes);
      expect(kept).toEqual(expected);
    }),
  );
});

it('holds the last of many changes of one item, and what is taken out not at all', () => {
  const batch = new Batch();
  const [first, second] = [keptSession(1), keptSession(2)];
  batch.save(first, [['session', bytes(1_000)]], done);
  const once = batch.bytes;
  for (let i = 0; i < 9; i += 1) batch.save(first, [['session', bytes(1_000)]], done);
  const each = (batch.bytes - once) / 9;
  expect(each).toBe(Batch.bytesOf([]));
  batch.save(second, [['session', bytes(10)]], done);
  batch.drop(first.born);
  expect(batch.bytes).toBe(Batch.bytesOf([['session', bytes(10)]]) + 10 * each);
  batch.since(second.born, 7);
  expect(batch.withdraw(new Set([first.born, second.born]))).toHaveLength(11);
  expect(batch.bytes).toBe(0);
  expect(batch.saves).toEqual([]);
  const items = new Map();
  expect(batch.changes).toEqual([
    { born: first.born, is_dropped: true, items },
    { born: second.born, is_dropped: false, items, since: { ms: 7 } },
  ]);
});
