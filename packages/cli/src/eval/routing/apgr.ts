import { type Estimate, mean } from '../measure.ts';
import { areaOf } from './curve.ts';
import type { RouteCase } from './cases.ts';
import { bestOf, type Fixed, fixedOf } from './fixed.ts';
import { type PartName, spreadOf, within } from './parts.ts';
import type { Routed } from './stream.ts';

/**
 * Average performance gap recovered (Ong et al. 2024): quality over the share of prompts for which the strong model is asked, as a
 * part of the gap between always the weak and always the strong one, averaged over all shares from 0 to 1. Choosing at random has
 * 0.5. Between measured points, and from them to always the weak and always the strong model, lines are straight.
 */
export interface Apgr {
  readonly weak: string;
  readonly strong: string;
  readonly all: Estimate;
  readonly last_half: Estimate;
  /** Strong first where it gains most, known afterwards: by category, and by prompt. Null without categories. */
  readonly by_category: number | null;
  readonly oracle: number;
}

/** Of a share of prompts for which the strong model is asked, how right answers are. */
type SharePoint = readonly [strong: number, right: number];

export function apgrOf(
  models: readonly string[],
  cases: readonly RouteCase[],
  runs: readonly (readonly (readonly Routed[])[])[],
): Apgr | null {
  if (models.length !== 2) return null;
  const strong = models.indexOf(bestOf(fixedOf(models, cases)).model);
  const parts = {
    all: online('all', strong, models, cases, runs),
    last_half: online('last_half', strong, models, cases, runs),
  };
  const gaps = cases.map(({ outcomes }) => (outcomes[strong]?.right ?? 0) - (outcomes[1 - strong]?.right ?? 0));
  if (gaps.reduce((sum, gap) => sum + gap, 0) <= 0) return null;
  const groups = Map.groupBy(cases.keys(), (i) => cases[i]?.category);
  return {
    ...{ weak: models[1 - strong] ?? '', strong: models[strong] ?? '', ...parts },
    by_category: groups.has(undefined)
      ? null
      : hindsight([...groups.values()].map((group) => group.map((i) => gaps[i] ?? 0))),
    oracle: hindsight(gaps.map((gap) => [gap])),
  };
}

/** Over orders. Orders in which the strong model is not better on these prompts have no gap, and are left out. */
function online(
  part: PartName,
  strong: number,
  models: readonly string[],
  cases: readonly RouteCase[],
  runs: readonly (readonly (readonly Routed[])[])[],
): Estimate {
  const orders = [...(runs[0]?.keys() ?? [])];
  return spreadOf(
    orders.flatMap((order) => {
      const inside = runs.map((run) => within(part, run[order] ?? [], cases));
      const fixed = fixedOf(
        models,
        (inside[0] ?? []).map(({ place }) => cases[place] as RouteCase),
      );
      const [low, high] = [fixed[1 - strong], fixed[strong]] as [Fixed, Fixed];
      if (high.right <= low.right) return [];
      const found = inside.map(
        (routed): SharePoint => [
          mean(routed.map(({ asked }) => Number(asked.includes(strong)))),
          mean(routed.map(({ right }) => right)),
        ],
      );
      return [recovered([[0, low.right], ...found, [1, high.right]])];
    }),
  );
}

/** The first point is always the weak model, the last always the strong one. */
export function recovered(points: readonly SharePoint[]): number {
  const [weak, strong] = [points[0]?.[1] ?? 0, points.at(-1)?.[1] ?? 0];
  // The sort is stable: ends stay where others have their share.
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  return (areaOf(sorted) - weak) / (strong - weak);
}

/** Groups of gains, those that gain most on average first; within a group all are alike. */
function hindsight(groups: readonly (readonly number[])[]): number {
  const sums = groups.map((group) => ({ size: group.length, sum: group.reduce((sum, gap) => sum + gap, 0) }));
  const all = sums.reduce((size, group) => size + group.size, 0);
  let [size, gained] = [0, 0];
  const points: SharePoint[] = [[0, 0]];
  for (const group of sums.sort((a, b) => b.sum / b.size - a.sum / a.size)) {
    size += group.size;
    gained += group.sum;
    points.push([size / all, gained]);
  }
  return areaOf(points) / gained;
}
