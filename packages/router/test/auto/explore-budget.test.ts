import { expect, test } from 'vitest';
import { ExploreBudget, isExplored } from '../../src/auto/explore-budget.ts';

const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2026, 10, 30, 12);

test('what may be tried is of one day, and is known after a restart', () => {
  const budget = new ExploreBudget();
  expect(budget.isLeft(0, NOON_MS)).toBe(false);
  expect(budget.isLeft(1, NOON_MS)).toBe(true);
  budget.spend(0.6, NOON_MS);
  budget.spend(0.3, NOON_MS + 1);
  expect(budget.isLeft(1, NOON_MS)).toBe(true);
  budget.spend(0.2, NOON_MS);
  expect(budget.isLeft(1, NOON_MS)).toBe(false);
  const again = new ExploreBudget();
  again.restore(budget.explored);
  expect(again.isLeft(1, NOON_MS)).toBe(false);
  expect(again.isLeft(2, NOON_MS)).toBe(true);
  expect(again.isLeft(1, NOON_MS + DAY_MS)).toBe(true);
  again.spend(0.5, NOON_MS + DAY_MS);
  expect(again.explored).toEqual({ day: '2026-12-01', usd: 0.5 });
});

test.each([
  [{ day: '2026-11-30', usd: 0.5 }, true],
  [{ day: '', usd: 0 }, true],
  [{ day: '2026-11-30', usd: -1 }, false],
  [{ day: '2026-11-30', usd: Number.NaN }, false],
  [{ day: '2026-11-30 and on', usd: 1 }, false],
  [{ day: 3, usd: 1 }, false],
  [null, false],
  [[], false],
])('%j is what was tried: %s', (value, is) => expect(isExplored(value)).toBe(is));
