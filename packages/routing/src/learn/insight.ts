import type { Belief, Features, Slice } from './belief.ts';
import { accordOf, type ModelBelief, type ModelPart, modelPart, pooled, type Pooled } from './fit.ts';
import { type Layout, SHOWN, SHOWN_COUNT, withShown, type Shown } from './layout.ts';
import { pairOf } from './learned.ts';
import { ACCORD_SPREAD, ACCORD_USUAL } from './settings.ts';
import type { RegressionSums } from './sums.ts';

export interface Chance {
  readonly mean: number;
  /** One standard deviation: of what sets the model apart, and of what is common to all. */
  readonly spread: number;
  readonly common: number;
}

/** The chance of one model on one prompt, whatever answers will show. */
export class Prospect {
  readonly #own: Slice;
  readonly #common: Slice;

  constructor(own: Slice, common: Slice) {
    this.#own = own;
    this.#common = common;
  }

  given(shown: Shown): Chance {
    let mean = this.#own.mean;
    for (let i = 0; i < shown.length; i += 1) {
      const one = shown[i] as Shown[number];
      mean += one[1] * (this.#own.weights[one[0]] ?? 0);
    }
    return { mean, spread: spreadOf(this.#own, shown), common: spreadOf(this.#common, shown) };
  }
}

/** Places are told apart by index: this runs hundreds of times for a decision. */
function spreadOf({ variance, cross, square }: Slice, shown: Shown): number {
  let spread = variance;
  for (let i = 0; i < shown.length; i += 1) {
    const one = shown[i] as Shown[number];
    const [row, value] = [one[0] * SHOWN_COUNT, one[1]];
    spread += value * (2 * (cross[one[0]] ?? 0) + value * (square[row + one[0]] ?? 0));
    for (let j = 0; j < i; j += 1) {
      const other = shown[j] as Shown[number];
      spread += 2 * value * other[1] * (square[row + other[0]] ?? 0);
    }
  }
  return Math.sqrt(Math.max(0, spread));
}

/**
 * What somebody makes of what was learned: how often each model is right on which prompts, and how often two say the same. It
 * does not change, so that a task goes on with what it began with; what is learned makes another of it.
 */
export class Insight {
  readonly layout: Layout;
  readonly #parts: ReadonlyMap<string, ModelPart>;
  readonly #accords: ReadonlyMap<string, Belief>;
  readonly #pooled: Pooled;

  constructor(
    layout: Layout,
    parts: ReadonlyMap<string, ModelPart> = new Map(),
    accords: ReadonlyMap<string, Belief> = new Map(),
    together: Pooled = pooled(layout, parts),
  ) {
    this.layout = layout;
    this.#parts = parts;
    this.#accords = accords;
    this.#pooled = together;
  }

  /** Sums of models and of pairs, in place of what these were before. */
  with(
    models: Iterable<readonly [string, RegressionSums]>,
    accords: Iterable<readonly [string, RegressionSums]>,
  ): Insight {
    const parts = new Map(this.#parts);
    let is_changed = false;
    for (const [model, sums] of models) {
      const part = modelPart(this.layout, sums);
      if (part !== undefined) parts.set(model, part);
      is_changed = true;
    }
    const pairs = new Map(this.#accords);
    for (const [pair, sums] of accords) {
      const belief = accordOf(this.layout, sums);
      if (belief !== undefined) pairs.set(pair, belief);
    }
    return new Insight(this.layout, parts, pairs, is_changed ? pooled(this.layout, parts, this.#pooled) : this.#pooled);
  }

  /** Before anybody has answered. `better`: how much better than the average model one is expected to be that is not known. */
  chance(model: string, prompt: Features, better: number): Chance {
    const { own, common, raise } = this.#of(model, better);
    const mean = own.mean(prompt) + raise;
    return { mean, spread: Math.sqrt(own.variance(prompt)), common: Math.sqrt(common.variance(prompt)) };
  }

  prospect(model: string, prompt: Features, better: number): Prospect {
    const { shown } = this.layout;
    const { own, common, raise } = this.#of(model, better);
    const slice = own.slice(prompt, shown, SHOWN_COUNT);
    return new Prospect({ ...slice, mean: slice.mean + raise }, common.slice(prompt, shown, SHOWN_COUNT));
  }

  /** How often two say the same on such a prompt, where the first answer is so much longer than usual. */
  accord(a: string, b: string, prompt: Features, length: number): Chance {
    const belief = this.#accords.get(pairOf(a, b));
    if (belief === undefined) return { mean: ACCORD_USUAL, spread: ACCORD_SPREAD, common: 0 };
    const features = withShown(prompt, this.layout, [[SHOWN.length, length]]);
    return { mean: belief.mean(features), spread: Math.sqrt(belief.variance(features)), common: 0 };
  }

  #of(model: string, better: number): ModelBelief & { readonly raise: number } {
    const known = this.#pooled.models.get(model);
    return known === undefined ? { ...this.#pooled.unknown, raise: better } : { ...known, raise: 0 };
  }
}
