import { isNumber, listOf, shapeOf, textOf } from '@atp-router/kernel';
import type { Moments } from './moments.ts';
import { PAIR_TABLES } from './pairs.ts';
import { at, SOURCES_MAX, triangleLength } from './triangle.ts';

/** Kinds of tasks with weights of their own, a triangle each (17 KB). One more takes the place of the one with the fewest labels. */
export const CLUSTERS_MAX = 256;
const NAME_CHARS_MAX = 512;

export interface MomentsState {
  readonly count: number;
  readonly gram: readonly number[];
  readonly pull: readonly number[];
}

/** All that a voter knows, as JSON: sums, triangles row by row in the order of `sources`. */
export interface VoterState {
  readonly version: 1;
  readonly sources: readonly string[];
  readonly pairs: Readonly<Record<(typeof PAIR_TABLES)[number], readonly number[]>>;
  readonly self: MomentsState;
  readonly labelled: MomentsState;
  readonly clusters: readonly { readonly id: string; readonly moments: MomentsState }[];
}

export function momentsState(moments: Moments, rows: number): MomentsState {
  return {
    count: moments.count,
    gram: Array.from(moments.gram.subarray(0, at(rows, 0))),
    pull: Array.from(moments.pull.subarray(0, rows)),
  };
}

/** Whether a value that came from elsewhere is a state; what comes from a later version is none. */
export function isVoterState(value: unknown): value is VoterState {
  const numbers = (length: number): ((list: unknown) => boolean) => {
    const isList = listOf(isNumber, length);
    return (list) => isList(list) && (list as readonly number[]).length === length;
  };
  const names = listOf(textOf(NAME_CHARS_MAX), SOURCES_MAX);
  const head = shapeOf({ version: (version) => version === 1, sources: names });
  if (!head(value)) return false;
  const { sources } = value as { readonly sources: readonly string[] };
  if (new Set(sources).size !== sources.length) return false;
  const triangle = numbers(triangleLength(sources.length));
  const moments = shapeOf({ count: isNumber, gram: triangle, pull: numbers(sources.length) });
  return shapeOf({
    pairs: shapeOf(Object.fromEntries(PAIR_TABLES.map((name) => [name, triangle]))),
    self: moments,
    labelled: moments,
    clusters: listOf(shapeOf({ id: textOf(NAME_CHARS_MAX), moments }), CLUSTERS_MAX),
  })(value);
}

/**
 * Elements of a triangle or a vector in the order of this voter's sources. `order` has for each of theirs the place here,
 * undefined for one that has none: its part is left out.
 */
export function reordered(
  values: readonly number[],
  order: readonly (number | undefined)[],
  is_triangle: boolean,
): number[] {
  const places = order.filter((place) => place !== undefined);
  const rows = places.length === 0 ? 0 : Math.max(...places) + 1;
  const out = new Array<number>(is_triangle ? triangleLength(rows) : rows).fill(0);
  for (const [i, a] of order.entries()) {
    if (a === undefined) continue;
    if (!is_triangle) out[a] = values[i] ?? 0;
    else for (const [j, b] of order.entries()) if (j <= i && b !== undefined) out[at(a, b)] = values[at(i, j)] ?? 0;
  }
  return out;
}
