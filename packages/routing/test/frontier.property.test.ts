import { onFrontier } from '@atp-router/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Few values, so that many points are equal in some of what counts. */
const points = fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.nat(4)), { maxLength: 12 });

type Point = readonly number[];
const beats = (a: Point, b: Point): boolean =>
  a.every((value, at) => value <= Number(b[at])) && a.some((value, at) => value < Number(b[at]));

describe('the frontier', () => {
  test('has no point that another beats, and every other point is beaten by one of it', () => {
    fc.assert(
      fc.property(points, (all) => {
        const on = onFrontier(all);
        const frontier = all.filter((_, at) => on[at]);
        expect(frontier.some((one) => all.some((other) => beats(other, one)))).toBe(false);
        const others = all.filter((_, at) => !on[at]);
        expect(others.every((other) => frontier.some((one) => beats(one, other)))).toBe(true);
        expect(frontier.length > 0).toBe(all.length > 0);
      }),
    );
  });

  test('holds equal points together, and what cannot be compared', () => {
    expect(
      onFrontier([
        [1, 2],
        [1, 2],
        [2, 2],
        [Number.NaN, 0],
      ]),
    ).toEqual([true, true, false, true]);
  });
});
