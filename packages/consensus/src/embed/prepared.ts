import type { Vectors, VectorSource } from './vectors.ts';

/** Texts of one session that are embedded; 32 lanes of 100 findings fit. What goes beyond has the session fall back. */
const TEXTS_MAX = 4_096;

/** Why a session works with hashed vectors although there is an embedder: a few words for counting, and a sentence. */
export interface FallBack {
  readonly reason: 'not_allowed' | 'timeout' | 'failed' | 'unfit' | 'too_many' | 'not_embedded';
  readonly words: string;
}

type State = { readonly kind: 'embedded' } | { readonly kind: 'hashed'; readonly why: FallBack };

/**
 * The vectors of one session, made ahead by an embedder that does not answer at once. Vectors of two embedders are never
 * compared: when one text has none, the whole session works with hashed ones from there on.
 */
export class PreparedVectors implements VectorSource {
  /** Of the embedder. */
  readonly id: string;
  readonly #baseline: number;
  readonly #hashed: Vectors;
  readonly #told: (why: FallBack) => void;
  readonly #made: Map<string, Float32Array> = new Map();
  #dims: number | undefined;
  #state: State = { kind: 'embedded' };
  #asked = false;
  #missed = false;

  /** `told`: once, when it falls back. */
  constructor(id: string, baseline: number, hashed: Vectors, told: (why: FallBack) => void) {
    this.id = id;
    this.#baseline = baseline;
    this.#hashed = hashed;
    this.#told = told;
  }

  /** Whoever looks decides by it, so it counts as asking. */
  get sees_meaning(): boolean {
    this.#asked = true;
    return this.#state.kind === 'embedded';
  }

  get baseline(): number {
    return this.#state.kind === 'embedded' ? this.#baseline : this.#hashed.baseline;
  }

  /** Undefined while the embedder is at work. */
  get fallen(): FallBack | undefined {
    return this.#state.kind === 'hashed' ? this.#state.why : undefined;
  }

  /** Those that have no vector yet, each once, in their order. None once it has fallen back. */
  missing(texts: readonly string[]): readonly string[] {
    if (this.#state.kind === 'hashed') return [];
    return [...new Set(texts)].filter((text) => !this.#made.has(text));
  }

  /** Takes the vectors of texts, in their order. Ones that cannot be compared with each other have it fall back. */
  put(texts: readonly string[], vectors: readonly Float32Array[]): void {
    if (this.#state.kind === 'hashed') return;
    if (this.#made.size + texts.length > TEXTS_MAX) {
      this.fallBack({ reason: 'too_many', words: `the session has more than ${TEXTS_MAX} texts to embed` });
      return;
    }
    for (const [i, text] of texts.entries()) {
      const vector = vectors[i];
      this.#dims ??= vector?.length;
      if (
        vector === undefined ||
        vector.length === 0 ||
        vector.length !== this.#dims ||
        !vector.every(Number.isFinite)
      ) {
        this.fallBack({ reason: 'unfit', words: `${this.id} gave vectors that cannot be compared` });
        return;
      }
      this.#made.set(text, vector);
    }
  }

  fallBack(why: FallBack): void {
    if (this.#state.kind === 'hashed') return;
    this.#state = { kind: 'hashed', why };
    this.#made.clear();
    this.#told(why);
  }

  of(text: string): Float32Array {
    this.#asked = true;
    if (this.#state.kind === 'hashed') return this.#hashed.of(text);
    const vector = this.#made.get(text);
    if (vector !== undefined) return vector;
    this.#missed = true;
    return new Float32Array(0);
  }

  /** The same vectors, for who looks at the answers when the session is over: nobody is told where one is missing. */
  copy(): PreparedVectors {
    const copy = new PreparedVectors(this.id, this.#baseline, this.#hashed, () => {});
    copy.#state = this.#state;
    copy.#dims = this.#dims;
    for (const [text, vector] of this.#made) copy.#made.set(text, vector);
    return copy;
  }

  /** What was asked since the last time: nothing, or vectors, all of which it had, or one that it had not. */
  takeUse(): 'none' | 'whole' | 'missed' {
    const use = this.#missed ? 'missed' : this.#asked ? 'whole' : 'none';
    this.#asked = false;
    this.#missed = false;
    return use;
  }
}
