/** Bins of logit(belief) from -4 to 4, half a unit each. */
export const RELIABILITY_BINS = 16;
const BINS = RELIABILITY_BINS;
const WIDTH = 0.5;
const LOGIT_MAX = (BINS * WIDTH) / 2;
/** Labels as strong as the assumption that the belief is the chance to be right. */
const PRIOR_SLOPE = 20;
const PRIOR_OFFSET = 4;
const STEPS = 12;

/** Beliefs in what won, and how often it was right: counts that add up. */
export class Reliability {
  readonly seen: Float64Array = new Float64Array(BINS);
  readonly right: Float64Array = new Float64Array(BINS);
  #line: { readonly offset: number; readonly slope: number } | undefined;

  add(belief: number, is_right: boolean): void {
    const bin = binOf(belief);
    this.seen[bin] = (this.seen[bin] ?? 0) + 1;
    if (is_right) this.right[bin] = (this.right[bin] ?? 0) + 1;
    this.#line = undefined;
  }

  merge(seen: readonly number[], right: readonly number[]): void {
    for (let bin = 0; bin < BINS; bin += 1) {
      this.seen[bin] = (this.seen[bin] ?? 0) + (seen[bin] ?? 0);
      this.right[bin] = (this.right[bin] ?? 0) + (right[bin] ?? 0);
    }
    this.#line = undefined;
  }

  age(keep: number): void {
    for (let bin = 0; bin < BINS; bin += 1) {
      this.seen[bin] = (this.seen[bin] ?? 0) * keep;
      this.right[bin] = (this.right[bin] ?? 0) * keep;
    }
    this.#line = undefined;
  }

  /** Chance that an answer with this belief is right: a logistic line (Platt 1999), drawn to the belief itself. */
  chance(belief: number): number {
    this.#line ??= fitLine(this.seen, this.right);
    return sigmoid(this.#line.offset + this.#line.slope * logit(belief));
  }
}

function fitLine(seen: Float64Array, right: Float64Array): { readonly offset: number; readonly slope: number } {
  let [offset, slope] = [0, 1];
  for (let step = 0; step < STEPS; step += 1) {
    let [g0, g1] = [-PRIOR_OFFSET * offset, -PRIOR_SLOPE * (slope - 1)];
    let [h00, h01, h11] = [PRIOR_OFFSET, 0, PRIOR_SLOPE];
    for (let bin = 0; bin < BINS; bin += 1) {
      const x = (bin + 0.5) * WIDTH - LOGIT_MAX;
      const p = sigmoid(offset + slope * x);
      const count = seen[bin] ?? 0;
      const miss = (right[bin] ?? 0) - count * p;
      const weight = count * p * (1 - p);
      g0 += miss;
      g1 += miss * x;
      h00 += weight;
      h01 += weight * x;
      h11 += weight * x * x;
    }
    const det = h00 * h11 - h01 * h01;
    offset += (h11 * g0 - h01 * g1) / det;
    slope += (h00 * g1 - h01 * g0) / det;
  }
  return { offset, slope };
}

function binOf(belief: number): number {
  return Math.min(BINS - 1, Math.floor((logit(belief) + LOGIT_MAX) / WIDTH));
}

/** Held within what the bins cover. */
function logit(belief: number): number {
  const x = Math.log(belief / (1 - belief));
  return Math.min(LOGIT_MAX, Math.max(-LOGIT_MAX, Number.isNaN(x) ? 0 : x));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
