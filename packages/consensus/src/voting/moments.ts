import { addInto, at, clearRow, newTriangle, scale, SOURCES_MAX } from './triangle.ts';

/** A vote with sources as numbers. */
export interface Cast {
  readonly source: number;
  readonly choice: number;
}

/**
 * Sums from which least squares makes weights. Of a prompt with `m` different answers, let x_y be the 0/1 vector of the sources
 * that gave answer y, each less its mean over answers. `gram` sums x_y·x_yᵀ over answers, `pull` sums x_y over the right ones
 * (shared, when several are right). Weights w with gram·w = pull predict best, in squares, which answer is right. Sums of two
 * routers add up to those of one that saw both streams.
 */
export class Moments {
  count = 0;
  readonly gram: Float64Array = newTriangle();
  readonly pull: Float64Array = new Float64Array(SOURCES_MAX);

  /** `shareOf(vote)`: how much of being right falls to this vote: 1, or 1/r of r right answers, or 0. */
  add(votes: readonly Cast[], options: number, shareOf: (vote: Cast) => number): void {
    const mean = 1 / Math.max(2, options);
    this.count += 1;
    for (const [a, vote] of votes.entries()) {
      this.pull[vote.source] = (this.pull[vote.source] ?? 0) + shareOf(vote) - mean;
      for (let b = 0; b <= a; b += 1) {
        const other = votes[b] ?? vote;
        const cell = at(vote.source, other.source);
        this.gram[cell] = (this.gram[cell] ?? 0) + (other.choice === vote.choice ? 1 : 0) - mean;
      }
    }
  }

  merge(count: number, gram: readonly number[] | Float64Array, pull: readonly number[] | Float64Array): void {
    this.count += count;
    addInto(this.gram, gram);
    addInto(this.pull, pull);
  }

  /** Forgets one source. */
  clear(source: number): void {
    clearRow(this.gram, source);
    this.pull[source] = 0;
  }

  age(keep: number): void {
    this.count *= keep;
    scale(this.gram, keep);
    scale(this.pull, keep);
  }
}
