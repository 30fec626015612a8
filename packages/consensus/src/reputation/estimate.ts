import { type Tally, weightOf } from './tally.ts';

/** What is known of a source, all of it 0 to 1 but `samples`. */
export interface Estimate {
  /** Sessions that it rests on, as they count now. */
  readonly samples: number;
  /** Fewer than the least have been seen: what is said below is what is said of anybody. */
  readonly is_known: boolean;
  /** Chance that its answer is right. */
  readonly accuracy: number;
  readonly accuracy_low: number;
  /** Chance that it answers in time. */
  readonly reliability: number;
  readonly reliability_low: number;
  /** How much of the results it carries, and how far its citations hold. */
  readonly quality: number;
  /** Chance that a right answer comes in time, carefully: by this sources are chosen. */
  readonly worth_low: number;
}

export interface EstimateOptions {
  /** Below so many sessions nothing is said. */
  readonly min_samples: number;
}

/** With fewer than twenty sessions an interval is wider than the distance of most models from each other. */
export const MIN_SAMPLES = 20;

/** What is believed of anybody, in sessions: an even chance to be right; nine of ten answers come in time. */
const PRIOR = 4;
const ACCURACY = 0.5;
const RELIABILITY = 0.9;
/** What was seen over all tasks counts for one cluster as so many sessions there. */
const CLUSTER_PRIOR = 10;
/** To say what the result says is worth a tenth of being told right: the many may be wrong, and are so together. */
const AGREEMENT = 0.1;
/** One-sided 90 %: a bound that is passed by chance once in ten. */
const Z = 1.2815515655446004;

const ANYBODY = estimateOf(0, false, { rate: ACCURACY, n: PRIOR }, { rate: RELIABILITY, n: PRIOR }, 0.5);

/** `own`: of the cluster that is asked about, as a part of `all`; absent where tasks are not told apart. */
export function estimate(all: Tally, own: Tally | undefined, options: EstimateOptions): Estimate {
  const samples = weightOf(all);
  if (samples < options.min_samples) return { ...ANYBODY, samples };
  const rated = (rate: (tally: Tally) => Counted, anybody: number): Rated => {
    const over_all = drawn(rate(all), anybody, PRIOR);
    return own === undefined ? over_all : drawn(rate(own), over_all.rate, Math.min(over_all.n, CLUSTER_PRIOR));
  };
  const quality = rated(qualityCounts, 0.5).rate;
  return estimateOf(samples, true, rated(rightCounts, ACCURACY), rated(timeCounts, RELIABILITY), quality);
}

interface Counted {
  readonly good: number;
  readonly n: number;
}

interface Rated {
  readonly rate: number;
  /** Sessions that it is worth. */
  readonly n: number;
}

const rightCounts = ({ right, labelled, agreed, compared }: Tally): Counted => ({
  good: right + AGREEMENT * agreed,
  n: labelled + AGREEMENT * compared,
});
const timeCounts = ({ in_time, asked }: Tally): Counted => ({ good: in_time, n: asked });
const qualityCounts = ({ shared, carried, evidence, checked }: Tally): Counted => ({
  good: shared + evidence,
  n: carried + checked,
});

/** The mean of a Beta distribution that began with `n` sessions at `rate`. */
function drawn({ good, n }: Counted, rate: number, strength: number): Rated {
  return { rate: Math.min(1, (good + rate * strength) / (n + strength)), n: n + strength };
}

function estimateOf(samples: number, is_known: boolean, right: Rated, in_time: Rated, quality: number): Estimate {
  const [accuracy_low, reliability_low] = [lowerBound(right), lowerBound(in_time)];
  return {
    ...{ samples, is_known, accuracy: right.rate, accuracy_low },
    ...{ reliability: in_time.rate, reliability_low, quality },
    worth_low: accuracy_low * reliability_low,
  };
}

/** Lower end of the score interval of a rate (Wilson 1927), one-sided 90 %. */
export function lowerBound({ rate, n }: { readonly rate: number; readonly n: number }): number {
  const square = (Z * Z) / n;
  const middle = rate + square / 2;
  const spread = Z * Math.sqrt((rate * (1 - rate) + square / 4) / n);
  return Math.max(0, (middle - spread) / (1 + square));
}

/** The upper end. */
export function upperBound({ rate, n }: { readonly rate: number; readonly n: number }): number {
  return 1 - lowerBound({ rate: 1 - rate, n });
}
