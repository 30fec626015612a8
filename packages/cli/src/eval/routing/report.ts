import { type Estimate, mean } from '../measure.ts';
import { type Apgr, apgrOf } from './apgr.ts';
import type { RouteCase } from './cases.ts';
import type { DriftPoint } from './drift.ts';
import { areaUnder, heightAt, upperHull } from './curve.ts';
import { bestOf, byCategory, type Fixed, fixedCascade, fixedOf, type Hindsight, oracle } from './fixed.ts';
import { PART_NAMES, type PartName, spreadOf, stretchesOf, within } from './parts.ts';
import { POINTS } from './points.ts';
import type { Routed } from './stream.ts';

/** Estimates are over orders: the mean, and between which values nineteen of twenty lie. */
interface Came {
  readonly right: Estimate;
  readonly cost_usd: Estimate;
  /** Over the mean cost of the best single model on all prompts. */
  readonly cost_share: Estimate;
}

export interface RoutePart extends Came {
  readonly part: PartName;
  /** What the best single model of hindsight, on the same prompts, is worth more a prompt, in points of quality; below 0: less. */
  readonly regret_points: Estimate;
  /** Right more often than single models mixed at random at the same cost, on the same prompts. */
  readonly over_mixture: Estimate;
}

type Shared = Hindsight & { readonly cost_share: number };

/** All orders at one price of quality. */
export interface RoutePoint {
  readonly usd_per_point: number;
  readonly parts: readonly RoutePart[];
  /** Ten, one after the other. */
  readonly stretches: readonly Came[];
  readonly calls: number;
  readonly by_category: Shared | null;
  /** Rows of models that were asked, in their order, with the share of prompts. */
  readonly paths: readonly { readonly models: readonly string[]; readonly share: number }[];
}

/** Which data set it was. */
export interface SetFacts {
  readonly layout: string;
  readonly set: string | null;
  readonly prompts: number;
  /** Named by the set as known before; asked of none of the models; of `warm`, also among the prompts that count. */
  readonly left_out: { readonly contaminated: number; readonly not_asked: number; readonly again: number };
  /** Whether it is known what was answered, so that two answers can be compared. */
  readonly has_answers: boolean;
  /** Tokens that were taken for an answer whose length the set does not say; null: it says all. */
  readonly usual_out_tokens: number | null;
}

export interface RouteReport {
  readonly version: 2;
  readonly options: Readonly<Record<string, unknown>>;
  readonly data: SetFacts;
  readonly warm: SetFacts | null;
  readonly prompts: number;
  readonly models: readonly (Fixed & { readonly cost_share: number })[];
  readonly best_single: string;
  readonly oracle: Shared;
  /** The third where the first two differ. */
  readonly cascade: (Shared & { readonly models: readonly string[] }) | null;
  readonly points: readonly RoutePoint[];
  /** Areas under upper hulls of quality over cost, up to the best single model's, in the last half. `gain`: of both, over single models. */
  readonly curve: { readonly area: Estimate; readonly mixtures: Estimate; readonly gain: Estimate };
  readonly apgr: Apgr | null;
  /** What came of a change in the middle, at each price of quality; then all else is about prompts as they are behind it. Empty: there was none. */
  readonly drifts: readonly DriftPoint[];
}

/** What was streamed. */
export interface Streamed {
  readonly data: SetFacts;
  readonly warm: SetFacts | null;
  readonly models: readonly string[];
  readonly cases: readonly RouteCase[];
  /** Three of the models: fixed, to compare with. */
  readonly cascade: readonly string[] | undefined;
  /** For each price of quality the same orders. */
  readonly runs: readonly Run[];
  readonly drifts: readonly DriftPoint[];
}

export interface Run {
  readonly usd_per_point: number;
  readonly orders: readonly (readonly Routed[])[];
}

const PATHS_MAX = 8;

export function routeReport(options: Readonly<Record<string, unknown>>, streamed: Streamed): RouteReport {
  const { data, warm, models, cases, cascade, runs, drifts } = streamed;
  const fixed = fixedOf(models, cases);
  const best = bestOf(fixed);
  const shareOf = (cost_usd: number): number => (best.cost_usd === 0 ? 0 : cost_usd / best.cost_usd);
  const shared = (found: Hindsight): Shared => ({ ...found, cost_share: shareOf(found.cost_usd) });
  const singles = singlesOf(streamed);
  const places = cascade?.map((model) => models.indexOf(model)) as [number, number, number] | undefined;
  return {
    ...{ version: 2, options, data, warm, prompts: cases.length, best_single: best.model },
    models: fixed.map((one) => ({ ...one, cost_share: shareOf(one.cost_usd) })),
    oracle: shared(oracle(cases)),
    cascade: places === undefined ? null : { models: cascade ?? [], ...shared(fixedCascade(places, cases)) },
    points: runs.map((run) => pointOf(streamed, run, singles, shareOf)),
    curve: curveOf(streamed, singles, shareOf),
    drifts,
    apgr: apgrOf(
      models,
      cases,
      runs.map(({ orders }) => orders),
    ),
  };
}

/** Of each part, in each order, what each model alone comes to. */
type Singles = ReadonlyMap<PartName, readonly (readonly Fixed[])[]>;

/** Orders are those of the seeds, at any price. */
function singlesOf({ models, cases, runs }: Streamed): Singles {
  return new Map(
    PART_NAMES.map((part) => [
      part,
      (runs[0]?.orders ?? []).map((order) =>
        fixedOf(
          models,
          within(part, order, cases).map(({ place }) => cases[place] as RouteCase),
        ),
      ),
    ]),
  );
}

function pointOf(
  { models, cases }: Streamed,
  { usd_per_point, orders }: Run,
  singles: Singles,
  shareOf: (cost_usd: number) => number,
): RoutePoint {
  const parts = PART_NAMES.map((part): RoutePart => {
    const inside = orders.map((order) => within(part, order, cases));
    const right = inside.map(rightOf);
    const cost = inside.map(costOf);
    const single = singles.get(part) ?? [];
    const worth = (one: Pick<Fixed, 'right' | 'cost_usd'>): number => one.right * POINTS - one.cost_usd / usd_per_point;
    const own = right.map((one, i) => worth({ right: one, cost_usd: cost[i] ?? 0 }));
    const mixed = single.map((fixed, i) => heightAt(hullOf(fixed, shareOf), shareOf(cost[i] ?? 0)));
    return {
      ...{ part, ...came(inside, shareOf) },
      regret_points: spreadOf(single.map((fixed, i) => Math.max(...fixed.map(worth)) - (own[i] ?? 0))),
      over_mixture: spreadOf(mixed.map((height, i) => (right[i] ?? 0) - height)),
    };
  });
  const stretches = orders.map(stretchesOf);
  const all = orders.flat();
  const category = byCategory(models, cases, usd_per_point * POINTS);
  return {
    ...{ usd_per_point, parts },
    stretches: (stretches[0] ?? []).map((_, i) =>
      came(
        stretches.map((order) => order[i] ?? []),
        shareOf,
      ),
    ),
    calls: mean(all.map(({ asked }) => asked.length)),
    by_category: category === undefined ? null : { ...category, cost_share: shareOf(category.cost_usd) },
    paths: pathsOf(models, all),
  };
}

/** Areas in each order, on the prompts of its last half. */
function curveOf(
  { cases, runs }: Streamed,
  singles: Singles,
  shareOf: (cost_usd: number) => number,
): RouteReport['curve'] {
  const single = singles.get('last_half') ?? [];
  const mixtures = single.map((fixed) => areaUnder(hullOf(fixed, shareOf)));
  const both = single.map((fixed, i) => {
    const found = runs.map(({ orders }) => {
      const inside = within('last_half', orders[i] ?? [], cases);
      return [shareOf(costOf(inside)), rightOf(inside)] as const;
    });
    return areaUnder(upperHull([...hullOf(fixed, shareOf), ...found]));
  });
  return {
    area: spreadOf(both),
    mixtures: spreadOf(mixtures),
    gain: spreadOf(both.map((area, i) => area - (mixtures[i] ?? 0))),
  };
}

function hullOf(
  fixed: readonly Fixed[],
  shareOf: (cost_usd: number) => number,
): readonly (readonly [number, number])[] {
  return upperHull(fixed.map(({ cost_usd, right }) => [shareOf(cost_usd), right] as const));
}

function came(orders: readonly (readonly Routed[])[], shareOf: (cost_usd: number) => number): Came {
  const cost = orders.map(costOf);
  return { right: spreadOf(orders.map(rightOf)), cost_usd: spreadOf(cost), cost_share: spreadOf(cost.map(shareOf)) };
}

function rightOf(order: readonly Routed[]): number {
  return mean(order.map(({ right }) => right));
}

function costOf(order: readonly Routed[]): number {
  return mean(order.map(({ cost_usd }) => cost_usd));
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
