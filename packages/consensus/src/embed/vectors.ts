import type { Embedder } from './embedder.ts';

/** Where strategies have the vectors of texts from. All of one source may be compared with each other. */
export interface VectorSource {
  /**
   * Whether near vectors mean the same: then whole answers are compared by them. Hashed ones see wording, and of long texts
   * shared words say that better.
   */
  readonly sees_meaning: boolean;
  /** The cosine of texts that have nothing in common, 0 to below 1: from there on nearness counts, see `nearness`. */
  readonly baseline: number;
  of(text: string): Float32Array;
}

/** Vectors that are kept, a KiB each; the oldest goes for a new one. */
const VECTORS_MAX = 4_096;

/** The vectors of texts, each made once. For one session, or for several of one embedder. */
export class Vectors implements VectorSource {
  readonly sees_meaning: boolean = false;
  readonly baseline: number = 0;
  readonly #embedder: Embedder;
  readonly #max: number;
  readonly #kept = new Map<string, Float32Array>();

  constructor(embedder: Embedder, max: number = VECTORS_MAX) {
    this.#embedder = embedder;
    this.#max = Math.max(1, max);
  }

  of(text: string): Float32Array {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const vector = this.#embedder.embed([text])[0] ?? new Float32Array(this.#embedder.dims);
    this.put(text, vector);
    return vector;
  }

  /** Keeps a vector that came from elsewhere, of the same embedder. */
  put(text: string, vector: Float32Array): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < this.#max) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(text, vector);
  }
}
