import type { Bin } from './outcomes.ts';

/** `1 / (1 + exp(a·x + b))` with x the log-odds of what was said. Rising in it: `a` is not above 0. */
export interface Sigmoid {
  readonly a: number;
  readonly b: number;
}

const ITERATIONS = 100;
/** Ridge of the Hessian, and what of the expected gain a step must bring (Lin, Lin, Weng 2007). */
const SIGMA = 1e-12;
const GAIN = 1e-4;
const MIN_STEP = 1e-10;
const MIN_GRADIENT = 1e-5;
/** What was said is taken as no surer than this; log-odds of 0 and 1 are infinite. */
const SURE = 1e-4;

interface Point {
  readonly x: number;
  /** Outcomes, and the share of them that counts as right. */
  readonly count: number;
  readonly target: number;
}

export function logOdds(confidence: number): number {
  const p = Math.min(1 - SURE, Math.max(SURE, confidence));
  return Math.log(p / (1 - p));
}

export function sigmoidAt({ a, b }: Sigmoid, confidence: number): number {
  const z = a * logOdds(confidence) + b;
  return z >= 0 ? Math.exp(-z) / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z));
}

/** Negative log-likelihood, in the form that does not overflow. */
function loss(points: readonly Point[], { a, b }: Sigmoid): number {
  return points.reduce((sum, { x, count, target }) => {
    const z = a * x + b;
    const one = z >= 0 ? target * z + Math.log1p(Math.exp(-z)) : (target - 1) * z + Math.log1p(Math.exp(z));
    return sum + count * one;
  }, 0);
}

/** First and second derivatives of the loss by a and b. */
function derivatives(
  points: readonly Point[],
  at: Sigmoid,
): { ga: number; gb: number; aa: number; bb: number; ab: number } {
  const sums = { ga: 0, gb: 0, aa: SIGMA, bb: SIGMA, ab: 0 };
  for (const { x, count, target } of points) {
    const z = at.a * x + at.b;
    const p = z >= 0 ? Math.exp(-z) / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z));
    const miss = count * (target - p);
    const spread = count * p * (1 - p);
    sums.ga += x * miss;
    sums.gb += miss;
    sums.aa += x * x * spread;
    sums.bb += spread;
    sums.ab += x * spread;
  }
  return sums;
}

/** Newton's method with a line search that halves its step. */
function minimum(points: readonly Point[], start: Sigmoid): Sigmoid {
  let here = start;
  let value = loss(points, here);
  for (let i = 0; i < ITERATIONS; i += 1) {
    const { ga, gb, aa, bb, ab } = derivatives(points, here);
    if (Math.abs(ga) < MIN_GRADIENT && Math.abs(gb) < MIN_GRADIENT) return here;
    const det = aa * bb - ab * ab;
    const da = -(bb * ga - ab * gb) / det;
    const db = -(aa * gb - ab * ga) / det;
    const slope = ga * da + gb * db;
    let step = 1;
    for (; step >= MIN_STEP; step /= 2) {
      const next = { a: here.a + step * da, b: here.b + step * db };
      const nextValue = loss(points, next);
      if (nextValue < value + GAIN * step * slope) {
        here = next;
        value = nextValue;
        break;
      }
    }
    if (step < MIN_STEP) return here;
  }
  return here;
}

/**
 * Platt scaling (Platt 1999) on binned outcomes, as Lin, Lin and Weng (2007) make it stable: targets are smoothed by one
 * outcome of each kind. Where surer answers were right less often, all get the same chance.
 */
export function fitSigmoid(bins: readonly Bin[]): Sigmoid {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const right = bins.reduce((sum, bin) => sum + bin.right, 0);
  const high = (right + 1) / (right + 2);
  const low = 1 / (total - right + 2);
  const points = bins.map((bin) => ({
    x: logOdds(bin.confidence / bin.count),
    count: bin.count,
    target: (bin.right * high + (bin.count - bin.right) * low) / bin.count,
  }));
  const flat = { a: 0, b: Math.log((total - right + 1) / (right + 1)) };
  const fitted = minimum(points, flat);
  return fitted.a <= 0 && Number.isFinite(fitted.a) && Number.isFinite(fitted.b) ? fitted : flat;
}
