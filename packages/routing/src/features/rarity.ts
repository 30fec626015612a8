import { type Sparse, sparseOf } from '../learn/sparse.ts';
import { BUCKETS, type Terms } from './terms.ts';

/** A prompt as a direction: the weights of its words, squares summing to 1. */
export interface Direction {
  readonly buckets: Uint16Array;
  readonly weights: Float32Array;
}

/** Of a word that came in no prompt. */
const UNSEEN = Math.log(0.5);

/** How rare words are: in how many prompts each came (inverse document frequency, Spärck Jones 1972). */
export class Rarity {
  readonly #of_bucket: Float64Array = new Float64Array(BUCKETS);
  /** The logarithm of that and half a prompt more: each prompt asks for those of all its words. */
  readonly #log_of: Float64Array = new Float64Array(BUCKETS).fill(UNSEEN);
  #prompts = 0;

  /** Prompts that were counted. */
  get prompts(): number {
    return this.#prompts;
  }

  directionOf({ buckets, counts }: Terms): Direction {
    const weights = new Float32Array(buckets.length);
    const all = Math.log(this.#prompts + 1);
    let square = 0;
    for (let i = 0; i < buckets.length; i += 1) {
      const rare = all - (this.#log_of[buckets[i] ?? 0] ?? 0);
      const count = counts[i] ?? 1;
      const weight = rare <= 0 ? 0 : count === 1 ? rare : (1 + Math.log(count)) * rare;
      weights[i] = weight;
      square += weight * weight;
    }
    const scale = square === 0 ? 0 : 1 / Math.sqrt(square);
    for (let i = 0; i < weights.length; i += 1) weights[i] = (weights[i] ?? 0) * scale;
    return { buckets, weights };
  }

  /** A prompt with these words. */
  came(buckets: Uint16Array): void {
    this.#prompts += 1;
    for (const bucket of buckets) this.#set(bucket, (this.#of_bucket[bucket] ?? 0) + 1);
  }

  /** In how many prompts each word came, to three digits. */
  state(): Sparse {
    return sparseOf(this.#of_bucket, (value) => Number(value.toPrecision(3)));
  }

  adopt(prompts: number, { at, value }: Sparse): void {
    this.#prompts = prompts;
    this.#of_bucket.fill(0);
    this.#log_of.fill(UNSEEN);
    for (const [i, bucket] of at.entries()) this.#set(bucket, value[i] ?? 0);
  }

  #set(bucket: number, prompts: number): void {
    this.#of_bucket[bucket] = prompts;
    this.#log_of[bucket] = Math.log(prompts + 0.5);
  }
}
