export interface AnswerCacheLimits {
  readonly entries_max: number;
  /** Of all that is kept, as whoever puts it in counts it. */
  readonly bytes_max: number;
  readonly ttl_ms: number;
}

/** What is asked: prompts of different scopes have nothing in common. */
export interface CacheQuestion {
  readonly scope: string;
  /** What has to be the same for an exact hit. */
  readonly text: string;
  /** Of length 1; undefined: only exact hits are looked for. */
  readonly vector: Float32Array | undefined;
}

export interface CacheFound<T> {
  readonly value: T;
  /** The same text; else one that is like it. */
  readonly is_exact: boolean;
  /** Cosine of the vectors, 1 for an exact hit. */
  readonly likeness: number;
}

interface Entry<T> {
  readonly text: string;
  readonly vector: Float32Array | undefined;
  readonly value: T;
  readonly bytes: number;
  readonly at_ms: number;
}

/** Answers by prompt, in memory. At its limits what was used longest ago goes; a value that is larger than all is not kept. No clock: times come in. */
export class AnswerCache<T> {
  readonly #limits: AnswerCacheLimits;
  /** By scope, then text; scopes and texts in the order of their use. */
  readonly #scopes: Map<string, Map<string, Entry<T>>> = new Map();
  #entries = 0;
  #bytes = 0;

  constructor(limits: AnswerCacheLimits) {
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The same text, else the nearest that has a likeness above 0; of equals the one that was used last. */
  find({ scope, text, vector }: CacheQuestion, now_ms: number): CacheFound<T> | undefined {
    const kept = this.#scopes.get(scope);
    if (kept === undefined) return undefined;
    const exact = kept.get(text);
    if (exact !== undefined) {
      if (this.#isFresh(exact, now_ms)) return { value: exact.value, is_exact: true, likeness: 1 };
      this.#drop(scope, kept, exact);
    }
    if (vector === undefined) return undefined;
    let [best, likeness] = [undefined as Entry<T> | undefined, 0];
    for (const entry of kept.values()) {
      if (entry.vector === undefined || !this.#isFresh(entry, now_ms)) continue;
      const like = dot(entry.vector, vector);
      if (like > 0 && like >= likeness) [best, likeness] = [entry, like];
    }
    return best && { value: best.value, is_exact: false, likeness };
  }

  put({ scope, text, vector }: CacheQuestion, value: T, bytes: number, now_ms: number): void {
    const before = this.#scopes.get(scope);
    const same = before?.get(text);
    if (before !== undefined && same !== undefined) this.#drop(scope, before, same);
    const size = bytes + 2 * text.length + 4 * (vector?.length ?? 0);
    if (size > this.#limits.bytes_max) return;
    const kept = this.#scopes.get(scope) ?? new Map<string, Entry<T>>();
    kept.set(text, { text, vector, value, bytes: size, at_ms: now_ms });
    this.#scopes.delete(scope);
    this.#scopes.set(scope, kept);
    this.#entries += 1;
    this.#bytes += size;
    this.#shrink();
  }

  clear(): void {
    this.#scopes.clear();
    [this.#entries, this.#bytes] = [0, 0];
  }

  #isFresh({ at_ms }: Entry<T>, now_ms: number): boolean {
    return now_ms - at_ms <= this.#limits.ttl_ms;
  }

  /** The oldest of the scope that was written to longest ago. */
  #shrink(): void {
    for (const [scope, kept] of this.#scopes) {
      for (const entry of kept.values()) {
        if (this.#entries <= this.#limits.entries_max && this.#bytes <= this.#limits.bytes_max) return;
        this.#drop(scope, kept, entry);
      }
    }
  }

  #drop(scope: string, kept: Map<string, Entry<T>>, entry: Entry<T>): void {
    kept.delete(entry.text);
    if (kept.size === 0) this.#scopes.delete(scope);
    this.#entries -= 1;
    this.#bytes -= entry.bytes;
  }
}

/** Of vectors of length 1 the cosine; 0 where they are not of one length. */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return Math.min(1, sum);
}
