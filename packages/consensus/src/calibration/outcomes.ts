import { isCount, isJsonObject, isNumber, listOf } from '@atp-router/kernel';

/** Bins of equal width over 0 to 1. */
export const BINS = 20;

/** What is known of past outcomes in one bin of confidence. */
export interface Bin {
  readonly count: number;
  readonly right: number;
  /** Sum of what was said. */
  readonly confidence: number;
}

/** Outcomes as they are kept and exchanged: three sums for each bin. Those of two origins add up. */
export interface OutcomesRecord {
  readonly version: 1;
  readonly count: readonly number[];
  readonly right: readonly number[];
  readonly confidence: readonly number[];
}

/** Past outcomes by what was said of them: bounded, and mergeable. */
export class Outcomes {
  readonly #count = new Float64Array(BINS);
  readonly #right = new Float64Array(BINS);
  readonly #confidence = new Float64Array(BINS);

  /** A confidence that is no number says nothing; one beyond 0 and 1 counts as these. */
  learn(confidence: number, was_right: boolean): void {
    if (Number.isNaN(confidence)) return;
    const said = Math.min(1, Math.max(0, confidence));
    const at = Math.min(BINS - 1, Math.floor(said * BINS));
    this.#count[at] = (this.#count[at] ?? 0) + 1;
    this.#right[at] = (this.#right[at] ?? 0) + (was_right ? 1 : 0);
    this.#confidence[at] = (this.#confidence[at] ?? 0) + said;
  }

  merge(other: OutcomesRecord): void {
    for (let at = 0; at < BINS; at += 1) {
      this.#count[at] = (this.#count[at] ?? 0) + (other.count[at] ?? 0);
      this.#right[at] = (this.#right[at] ?? 0) + (other.right[at] ?? 0);
      this.#confidence[at] = (this.#confidence[at] ?? 0) + (other.confidence[at] ?? 0);
    }
  }

  get total(): number {
    return this.#count.reduce((sum, count) => sum + count, 0);
  }

  /** Bins that hold something, by rising confidence. */
  bins(): Bin[] {
    return Array.from(this.#count, (count, at) => ({
      count,
      right: this.#right[at] ?? 0,
      confidence: this.#confidence[at] ?? 0,
    })).filter(({ count }) => count > 0);
  }

  record(): OutcomesRecord {
    return { version: 1, count: [...this.#count], right: [...this.#right], confidence: [...this.#confidence] };
  }
}

/** Whether what came from elsewhere is a record of outcomes that can have been. */
export function isOutcomesRecord(value: unknown): value is OutcomesRecord {
  if (!isJsonObject(value) || value['version'] !== 1) return false;
  const { count, right, confidence } = value;
  if (!listOf(isCount, BINS)(count) || !listOf(isCount, BINS)(right) || !listOf(isNumber, BINS)(confidence))
    return false;
  const [counts, rights, sums] = [count, right, confidence] as [number[], number[], number[]];
  if (counts.length !== BINS || rights.length !== BINS || sums.length !== BINS) return false;
  return counts.every((all, at) => {
    const [good, sum] = [rights[at] ?? 0, sums[at] ?? 0];
    // Sums of fractions are rounded, so they may miss the edges of their bin by a little.
    const slack = 1e-6 * (all + 1);
    return good <= all && sum >= (all * at) / BINS - slack && sum <= (all * (at + 1)) / BINS + slack;
  });
}

/**
 * Expected calibration error: how far what was said is from what came, over all bins by their size (Naeini, Cooper,
 * Hauskrecht 2015). 0 to 1; undefined without outcomes. `of`: what is said now where that was said.
 */
export function expectedCalibrationError(
  bins: readonly Bin[],
  of: (confidence: number) => number = (confidence) => confidence,
): number | undefined {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return undefined;
  const misses = bins.map(({ count, right, confidence }) => Math.abs(right - count * of(confidence / count)));
  return misses.reduce((sum, miss) => sum + miss, 0) / total;
}
