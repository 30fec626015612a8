const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * What is left of a stream of bytes behind its last complete piece, until the rest of that piece has come. Knows nothing of
 * limits: whoever reads the stream bounds what it keeps.
 */
export class ByteTail {
  readonly #kept_as: 'view' | 'copy';
  /** Begins with the incomplete piece; may have room behind it. Never grows into bytes that were handed out. */
  #store: Uint8Array = EMPTY;
  #length = 0;

  /** `copy`: what is kept of a chunk gets memory of its own, so that neither holds nor changes with the other. */
  constructor(kept_as: 'view' | 'copy') {
    this.#kept_as = kept_as;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#store.subarray(0, this.#length);
  }

  /**
   * What is kept with `chunk` behind it: the chunk itself when nothing is kept. Room doubles when it runs out, so that a
   * large piece in small chunks costs linear and not quadratic time.
   */
  with(chunk: Uint8Array): Uint8Array {
    if (this.#length === 0) return chunk;
    const length = this.#length + chunk.length;
    if (length > this.#store.length) {
      const grown = new Uint8Array(length * 2);
      grown.set(this.#store.subarray(0, this.#length));
      this.#store = grown;
    }
    this.#store.set(chunk, this.#length);
    return this.#store.subarray(0, length);
  }

  /** Keeps `bytes`, which `with` has just returned, from `from` on; what stands before was handed out. */
  keep(bytes: Uint8Array, from: number): void {
    const is_chunk = this.#length === 0;
    this.#length = bytes.length - from;
    if (this.#length === 0) this.#store = EMPTY;
    // Else the store holds these bytes already, with room for more.
    else if (from > 0 || is_chunk) this.#store = this.#kept_as === 'copy' ? bytes.slice(from) : bytes.subarray(from);
  }

  clear(): void {
    this.#store = EMPTY;
    this.#length = 0;
  }
}
