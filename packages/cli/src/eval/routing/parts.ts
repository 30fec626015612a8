import { type Estimate, mean } from '../measure.ts';
import type { RouteCase } from './cases.ts';
import type { Routed } from './stream.ts';

/** Of a stream: the place in it, its length, and whether the prompt is of the half that nothing was tuned on. */
type IsIn = (i: number, length: number, held_out: boolean) => boolean;

export type PartName = 'all' | 'last_half' | 'held_out' | 'tuned' | 'last_half_held_out' | 'last_half_tuned';

const PARTS: Readonly<Record<PartName, IsIn>> = {
  all: () => true,
  last_half: (i, length) => i >= length / 2,
  held_out: (_, __, held_out) => held_out,
  tuned: (_, __, held_out) => !held_out,
  last_half_held_out: (i, length, held_out) => i >= length / 2 && held_out,
  last_half_tuned: (i, length, held_out) => i >= length / 2 && !held_out,
};

export const PART_NAMES: readonly PartName[] = Object.keys(PARTS) as PartName[];

export function within(part: PartName, order: readonly Routed[], cases: readonly RouteCase[]): readonly Routed[] {
  const is_in = PARTS[part];
  return order.filter(({ place }, i) => is_in(i, order.length, cases[place]?.held_out === true));
}

const STRETCHES = 10;

/** The stretches of a stream, one after the other. */
export function stretchesOf(order: readonly Routed[]): readonly (readonly Routed[])[] {
  return Array.from({ length: STRETCHES }, (_, i) =>
    order.slice(Math.round((i * order.length) / STRETCHES), Math.round(((i + 1) * order.length) / STRETCHES)),
  );
}

/** Over orders: the mean, and between which values nineteen of twenty lie. */
export function spreadOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length * 0.025);
  return { mean: mean(values), low: sorted[cut] ?? 0, high: sorted[sorted.length - 1 - cut] ?? 0 };
}
