import { hash } from 'node:crypto';

/** Vectors that are kept; 4,096 of 1,536 dimensions take 24 MiB. The one that was used longest ago goes for a new one. */
const KEPT_MAX = 4_096;

/** Vectors of texts for all sessions of a process, by embedder and text. Of a text only its hash is kept. */
export class VectorCache {
  readonly #max: number;
  readonly #kept: Map<string, Float32Array> = new Map();

  constructor(max: number = KEPT_MAX) {
    this.#max = Math.max(1, max);
  }

  get size(): number {
    return this.#kept.size;
  }

  get(embedder: string, text: string): Float32Array | undefined {
    const key = keyOf(embedder, text);
    const vector = this.#kept.get(key);
    if (vector === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, vector);
    return vector;
  }

  put(embedder: string, text: string, vector: Float32Array): void {
    const key = keyOf(embedder, text);
    this.#kept.delete(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < this.#max) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(key, vector);
  }
}

function keyOf(embedder: string, text: string): string {
  return hash('sha256', `${embedder}\n${text}`, 'base64');
}
