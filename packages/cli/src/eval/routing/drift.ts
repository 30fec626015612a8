import { type Estimate, mean } from '../measure.ts';
import type { RouteCase } from './cases.ts';
import { type Course, middleOf } from './course.ts';
import { bestOf, byCategory, type Fixed, fixedOf } from './fixed.ts';
import { spreadOf } from './parts.ts';
import { POINTS } from './points.ts';
import type { Routed } from './stream.ts';

/** What came of a change at one price of quality. What a prompt is worth: how often it is right, less what it costs, in points of quality. */
export interface DriftPoint {
  readonly usd_per_point: number;
  /** Alarms an order before the change: there was nothing to find. */
  readonly false_alarms: number;
  /** Share of orders in which it was said that the model has changed, and prompts until then in these. */
  readonly found: number;
  readonly found_after: Estimate | null;
  /** Prompts until nine tenths of what the change has cost are made up for, of all orders together; 0: it has cost nothing. */
  readonly reacted_after: number;
  /** Of a prompt behind the change, in points of quality. */
  readonly worth: Estimate;
  /** The same learner without an eye on changes: what is old only counts less. */
  readonly worth_unwatched: Estimate;
  /** The best single model before the change, asked ever after; and the best of each category (or of all) behind it, known beforehand. */
  readonly worth_static: number;
  readonly worth_knowing: number;
}

export interface Drifted {
  readonly models: readonly string[];
  readonly course: Course;
  readonly model: string;
  readonly usd_per_point: number;
  readonly orders: readonly (readonly Routed[])[];
  /** Of the learner without an eye on changes. */
  readonly unwatched: readonly (readonly Routed[])[];
}

export function driftPoint({ models, course, model, usd_per_point, orders, unwatched }: Drifted): DriftPoint {
  const worthOf = ({ right, cost_usd }: Pick<Fixed, 'right' | 'cost_usd'>): number =>
    right * POINTS - cost_usd / usd_per_point;
  const behind = (all: Drifted['orders']): readonly (readonly number[])[] =>
    all.map((order) => order.slice(middleOf(order)).map(worthOf));
  const worths = behind(orders);
  const best = (cases: readonly RouteCase[]): Fixed =>
    fixedOf(models, cases).reduce((one, other) => (worthOf(other) > worthOf(one) ? other : one));
  const stays = best(course.before.filter(({ outcomes }) => outcomes.some((outcome) => outcome !== undefined))).model;
  const then = fixedOf(models, course.after);
  const static_one = then.find((one) => one.model === stays) ?? bestOf(then);
  const knowing = byCategory(models, course.after, usd_per_point * POINTS) ?? best(course.after);
  const alarms = orders.map((order) => alarmsOf(order, model));
  const found = alarms.flatMap(({ after }) => after ?? []);
  return {
    usd_per_point,
    false_alarms: mean(alarms.map((one) => one.before)),
    ...{ found: found.length / orders.length, found_after: found.length === 0 ? null : spreadOf(found) },
    reacted_after: reactedAfter(worths),
    ...{ worth: spreadOf(worths.map(mean)), worth_unwatched: spreadOf(behind(unwatched).map(mean)) },
    ...{ worth_static: worthOf(static_one), worth_knowing: worthOf(knowing) },
  };
}

function alarmsOf(order: readonly Routed[], model: string): { before: number; after: number | undefined } {
  const middle = middleOf(order);
  const after = order.findIndex(({ drift }, i) => i >= middle && drift?.model === model);
  const before = order.slice(0, middle).filter(({ drift }) => drift !== undefined).length;
  return { before, after: after < 0 ? undefined : after - middle };
}

const WINDOW = 50;
/** Windows that are looked at together: one alone is too much chance. */
const TOGETHER = 4;
const MADE_UP = 0.9;

/** Prompts until the first of four windows that are, together, nearly as good as the last quarter. */
function reactedAfter(worths: readonly (readonly number[])[]): number {
  const length = Math.min(...worths.map((order) => order.length));
  const windows = Array.from({ length: Math.floor(length / WINDOW) }, (_, k) =>
    mean(worths.map((order) => mean(order.slice(k * WINDOW, (k + 1) * WINDOW)))),
  );
  const settled = mean(windows.slice(Math.floor((3 * windows.length) / 4)));
  const [first = settled] = windows;
  const enough = settled - (1 - MADE_UP) * Math.max(0, settled - first);
  const at = windows.findIndex((_, k) => mean(windows.slice(k, k + TOGETHER)) >= enough);
  return at < 0 ? length : at * WINDOW;
}
