import { Belief, type Features, type Slice } from './belief.ts';
import { type Layout, SHOWN, SHOWN_COUNT, withShown } from './layout.ts';
import { Lengths } from './lengths.ts';
import { accordBelief, ACCORD_USUAL, commonBelief, ownBelief } from './settings.ts';

/** Models that are known at once; of more, nothing is kept of the newest. */
const MODELS_MAX = 300;
/** Pairs of models of which it is known how often they agree. */
const PAIRS_MAX = 256;

/** Something shown by answers: its place (`SHOWN`), and its value. */
export type Shown = readonly (readonly [place: number, value: number])[];

export interface Chance {
  readonly mean: number;
  /** One standard deviation: of what sets the model apart, and of what is common to all. */
  readonly spread: number;
  readonly common: number;
}

/** One model of a task that is over. */
export interface Lesson {
  readonly model: string;
  readonly shown: Shown;
  /** How much better than the average model it was expected to be before anything was known. */
  readonly better: number;
  /** How right its answer was, 0 to 1. */
  readonly right: number;
}

/** Of one of whom nothing is known: what is expected of it before, beside nothing that sets it apart. */
function raised(slice: Slice, by: number): Slice {
  return { ...slice, mean: slice.mean + by };
}

/** The chance of one model on one prompt, whatever answers will show. */
export class Prospect {
  readonly #common: Slice;
  readonly #own: Slice;

  constructor(common: Slice, own: Slice) {
    this.#common = common;
    this.#own = own;
  }

  given(shown: Shown): Chance {
    const [common, own] = [at(this.#common, shown), at(this.#own, shown)];
    return { mean: common.mean + own.mean, spread: Math.sqrt(own.variance), common: Math.sqrt(common.variance) };
  }
}

function at({ mean, variance, weights, cross, square }: Slice, shown: Shown): { mean: number; variance: number } {
  let [expected, spread] = [mean, variance];
  for (const [place, value] of shown) {
    expected += value * (weights[place] ?? 0);
    spread += 2 * value * (cross[place] ?? 0);
    for (const [other, of_other] of shown) spread += value * of_other * (square[place * SHOWN_COUNT + other] ?? 0);
  }
  return { mean: expected, variance: Math.max(0, spread) };
}

/**
 * What is known of models: how often each is right on which prompts, how long its answers are, and how often two of them
 * say the same. Common to all models is one belief, and each has one of what sets it apart, so that a label of one teaches of all
 * (partial pooling: Gelman, Hill 2006, 12).
 */
export class RouteKnowledge {
  readonly layout: Layout;
  readonly #common: Belief;
  /** Of a model that is as good as the average one, as far as is known. */
  readonly #unknown: Belief;
  readonly #own: Map<string, Belief> = new Map();
  readonly #accords: Map<string, Belief> = new Map();
  readonly lengths: Lengths = new Lengths();

  constructor(layout: Layout) {
    this.layout = layout;
    this.#common = new Belief(commonBelief(layout));
    this.#unknown = new Belief(ownBelief(layout, 0));
  }

  /** What all models have in common on a prompt, worked out once for all that are asked about. */
  common(prompt: Features): Slice {
    return this.#common.slice(prompt, this.layout.shown, SHOWN_COUNT);
  }

  /** Before anybody has answered. `better`: how much better than the average model one is expected to be that is not known. */
  chance(model: string, prompt: Features, better: number, common: Slice): Chance {
    const own = this.#own.get(model);
    const mean = own === undefined ? better : own.mean(prompt);
    return { mean: common.mean + mean, spread: Math.sqrt((own ?? this.#unknown).variance(prompt)), common: 0 };
  }

  prospect(model: string, prompt: Features, better: number, common: Slice): Prospect {
    const own = this.#own.get(model);
    const slice = (own ?? this.#unknown).slice(prompt, this.layout.shown, SHOWN_COUNT);
    return new Prospect(common, own === undefined ? raised(slice, better) : slice);
  }

  /** How often two say the same on such a prompt, where the first answer is so much longer than usual. */
  accord(a: string, b: string, prompt: Features, length: number): Chance {
    const belief = this.#accords.get(pairOf(a, b));
    if (belief === undefined) return { mean: ACCORD_USUAL, spread: 0.2, common: 0 };
    const features = withShown(prompt, this.layout, [[SHOWN.length, length]]);
    return { mean: belief.mean(features), spread: Math.sqrt(belief.variance(features)), common: 0 };
  }

  /** Whether two said the same: it is known without anybody's word on who was right. */
  learnAccord(a: string, b: string, prompt: Features, length: number, is_same: boolean): void {
    const pair = pairOf(a, b);
    let belief = this.#accords.get(pair);
    if (belief === undefined) {
      if (this.#accords.size >= PAIRS_MAX) return;
      belief = new Belief(accordBelief(this.layout));
      this.#accords.set(pair, belief);
    }
    belief.observe(withShown(prompt, this.layout, [[SHOWN.length, length]]), is_same ? 1 : 0);
  }

  learn({ model, shown, better, right }: Lesson, prompt: Features): void {
    let own = this.#own.get(model);
    if (own === undefined) {
      if (this.#own.size >= MODELS_MAX) return;
      own = new Belief(ownBelief(this.layout, better));
      this.#own.set(model, own);
    }
    const features = withShown(prompt, this.layout, shown);
    // Each of the two is told what the other leaves unexplained.
    const common = this.#common.mean(features);
    this.#common.observe(features, right - own.mean(features));
    own.observe(features, right - common);
  }
}

function pairOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
