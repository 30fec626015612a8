import { isHeldOut } from '../held-out.ts';
import { type Estimate, mean } from '../measure.ts';
import { bestOf, byCategory, type Fixed, fixedOf, type Hindsight, oracle } from './fixed.ts';
import type { Routed } from './stream.ts';
import type { RouteCase } from './tasks.ts';

/** Estimates are over orders: the mean, and between which values nineteen of twenty lie. */
export interface RoutePart {
  readonly part: 'all' | 'last_half' | 'held_out' | 'tuned' | 'last_half_held_out' | 'last_half_tuned';
  readonly right: Estimate;
  readonly cost_usd: Estimate;
  /** Over the mean cost of the best single model on all prompts. */
  readonly cost_share: Estimate;
  /** What the best single model of hindsight would have been worth more a prompt, in points of quality; below 0: less. */
  readonly regret_points: Estimate;
}

/** All orders at one price of quality. */
export interface RoutePoint {
  readonly usd_per_point: number;
  readonly parts: readonly RoutePart[];
  readonly calls: number;
  readonly by_category: (Hindsight & { readonly cost_share: number }) | null;
  /** Rows of models that were asked, in their order, with the share of prompts. */
  readonly paths: readonly { readonly models: readonly string[]; readonly share: number }[];
}

export interface RouteReport {
  readonly version: 1;
  readonly options: Readonly<Record<string, unknown>>;
  readonly prompts: number;
  readonly models: readonly (Fixed & { readonly cost_share: number })[];
  readonly best_single: string;
  readonly oracle: Hindsight & { readonly cost_share: number };
  readonly points: readonly RoutePoint[];
  /** Of the upper hull over cost, from nothing to the best single model's cost, less what mixing single models at random gives. */
  readonly curve_gain: number;
}

const PATHS_MAX = 8;
/** Points of all quality: a point is one prompt in a hundred. */
export const POINTS = 100;

export function routeReport(
  options: Readonly<Record<string, unknown>>,
  models: readonly string[],
  cases: readonly RouteCase[],
  runs: readonly { readonly usd_per_point: number; readonly orders: readonly (readonly Routed[])[] }[],
): RouteReport {
  const fixed = fixedOf(models, cases);
  const best = bestOf(fixed);
  const shareOf = (cost_usd: number): number => (best.cost_usd === 0 ? 0 : cost_usd / best.cost_usd);
  const points = runs.map((run) => pointOf(models, cases, run, fixed, shareOf));
  const found = points.map(({ parts }) => [parts[1]?.cost_share.mean ?? 0, parts[1]?.right.mean ?? 0] as const);
  const single = fixed.map(({ cost_usd, right }) => [shareOf(cost_usd), right] as const);
  const best_possible = oracle(cases);
  return {
    ...{ version: 1, options, prompts: cases.length, best_single: best.model },
    models: fixed.map((one) => ({ ...one, cost_share: shareOf(one.cost_usd) })),
    oracle: { ...best_possible, cost_share: shareOf(best_possible.cost_usd) },
    points,
    curve_gain: areaUnder([...single, ...found]) - areaUnder(single),
  };
}

function pointOf(
  models: readonly string[],
  cases: readonly RouteCase[],
  { usd_per_point, orders }: { readonly usd_per_point: number; readonly orders: readonly (readonly Routed[])[] },
  fixed: readonly Fixed[],
  shareOf: (cost_usd: number) => number,
): RoutePoint {
  const held_out = cases.map(({ id }) => isHeldOut(id));
  const isIn = {
    all: () => true,
    last_half: (i: number, length: number) => i >= length / 2,
    held_out: (_: number, __: number, place: number) => held_out[place] === true,
    tuned: (_: number, __: number, place: number) => held_out[place] === false,
    last_half_held_out: (i: number, length: number, place: number) => i >= length / 2 && held_out[place] === true,
    last_half_tuned: (i: number, length: number, place: number) => i >= length / 2 && held_out[place] === false,
  } satisfies Record<RoutePart['part'], (i: number, length: number, place: number) => boolean>;
  const best_worth = Math.max(...fixed.map(({ right, cost_usd }) => right * POINTS - cost_usd / usd_per_point));
  const parts = Object.entries(isIn).map(([part, is_in]): RoutePart => {
    const inside = orders.map((order) => order.filter(({ place }, i) => is_in(i, order.length, place)));
    const right = inside.map((order) => mean(order.map((one) => Number(one.right))));
    const cost = inside.map((order) => mean(order.map((one) => one.cost_usd)));
    return {
      part: part as RoutePart['part'],
      right: spreadOf(right),
      cost_usd: spreadOf(cost),
      cost_share: spreadOf(cost.map(shareOf)),
      regret_points: spreadOf(right.map((one, i) => best_worth - one * POINTS + (cost[i] ?? 0) / usd_per_point)),
    };
  });
  const all = orders.flat();
  const category = byCategory(models, cases, usd_per_point * POINTS);
  return {
    usd_per_point,
    parts,
    calls: mean(all.map(({ asked }) => asked.length)),
    by_category: category === undefined ? null : { ...category, cost_share: shareOf(category.cost_usd) },
    paths: pathsOf(models, all),
  };
}

function pathsOf(models: readonly string[], all: readonly Routed[]): RoutePoint['paths'] {
  const counts = new Map<string, number>();
  for (const { asked } of all) counts.set(asked.join(' '), (counts.get(asked.join(' ')) ?? 0) + 1);
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, PATHS_MAX)
    .map(([path, n]) => ({
      models: path.split(' ').map((place) => models[Number(place)] ?? ''),
      share: n / all.length,
    }));
}

function spreadOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * 0.025);
  return { mean: mean(values), low: sorted[cut] ?? 0, high: sorted[sorted.length - 1 - cut] ?? 0 };
}

/** Under the upper hull of quality over cost, from 0 to 1: what mixing any two of the points at random can reach. */
function areaUnder(points: readonly (readonly [cost: number, right: number])[]): number {
  const sorted = [[0, 0] as const, ...points.filter(([cost]) => cost <= 1)].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const hull: (readonly [number, number])[] = [];
  for (const point of sorted) {
    for (let a = hull.at(-2), b = hull.at(-1); a !== undefined && b !== undefined; a = hull.at(-2), b = hull.at(-1)) {
      if ((b[1] - a[1]) * (point[0] - a[0]) > (point[1] - a[1]) * (b[0] - a[0])) break;
      hull.pop();
    }
    if (point[1] >= (hull.at(-1)?.[1] ?? 0)) hull.push(point);
  }
  let area = 0;
  for (let i = 1; i < hull.length; i += 1) {
    const [[x0, y0], [x1, y1]] = [hull[i - 1], hull[i]] as [readonly [number, number], readonly [number, number]];
    area += ((x1 - x0) * (y0 + y1)) / 2;
  }
  const [last_cost, last_right] = hull.at(-1) ?? [0, 0];
  return area + (1 - last_cost) * last_right;
}
