import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenQuestions } from '../../src/link/questions.ts';

type Step =
  | { readonly do: 'add'; readonly timeout_ms: number }
  | { readonly do: 'take'; readonly nth: number }
  | { readonly do: 'pass'; readonly by_ms: number }
  | { readonly do: 'take_all' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), timeout_ms: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), nth: fc.nat(12) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), by_ms: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'take_all' as const }) },
);

test('each question is taken once: by its answer, its deadline, or with all', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const max = 5;
      const table = new OpenQuestions<number>(max);
      let open: { id: number; deadline_ms: number }[] = [];
      const ids = new Set<number>();
      let now_ms = 0;
      let asked = 0;
      // What is kept with a question is its place among those that were asked.
      const places = new Map<number, number>();
      for (const one of steps) {
        switch (one.do) {
          case 'add': {
            const id = table.add(asked, now_ms + one.timeout_ms);
            expect(id === undefined).toBe(open.length === max);
            if (id === undefined) break;
            expect(ids.has(id)).toBe(false);
            ids.add(id);
            places.set(id, asked);
            asked += 1;
            open.push({ id, deadline_ms: now_ms + one.timeout_ms });
            break;
          }
          case 'take': {
            const id = [...ids][one.nth] ?? 1_000;
            const expected = open.some((each) => each.id === id) ? places.get(id) : undefined;
            expect(table.take(id)).toBe(expected);
            open = open.filter((each) => each.id !== id);
            break;
          }
          case 'pass': {
            now_ms += one.by_ms;
            const due = open.filter(({ deadline_ms }) => deadline_ms <= now_ms).map(({ id }) => places.get(id));
            expect(table.takeDue(now_ms)).toEqual(due);
            open = open.filter(({ deadline_ms }) => deadline_ms > now_ms);
            break;
          }
          case 'take_all':
            expect(table.takeAll()).toEqual(open.map(({ id }) => places.get(id)));
            open = [];
        }
        expect(table.size).toBe(open.length);
        expect(table.deadline_ms()).toBe(Math.min(...open.map(({ deadline_ms }) => deadline_ms)));
      }
    }),
  );
});
