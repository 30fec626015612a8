const NEWLINE = 10;

/** Collects an announced number of bytes from chunks; a chunk that holds them all is used without a copy. */
export class Gather {
  readonly need: number;
  have = 0;
  #bytes: Uint8Array | undefined;

  constructor(need: number) {
    this.need = need;
  }

  /** Takes what it still needs from `chunk` at `from`; returns how many bytes it took. */
  take(chunk: Uint8Array, from: number): number {
    const taken = Math.min(this.need - this.have, chunk.length - from);
    if (this.have === 0 && taken === this.need) {
      this.#bytes = chunk.subarray(from, from + taken);
    } else {
      this.#bytes ??= new Uint8Array(this.need);
      this.#bytes.set(chunk.subarray(from, from + taken), this.have);
    }
    this.have += taken;
    return taken;
  }

  complete(): Uint8Array | undefined {
    return this.have === this.need ? this.#bytes : undefined;
  }
}

/** Collects one line of at most `limit` bytes (newline not counted) from chunks. */
export class LineGather {
  readonly limit: number;
  have = 0;
  #bytes: Uint8Array | undefined;
  #ended = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes up to and including the newline, or up to the limit; returns how many bytes it took. */
  take(chunk: Uint8Array, from: number): number {
    const room = this.limit - this.have;
    const newline = chunk.indexOf(NEWLINE, from);
    const ended = newline !== -1 && newline - from <= room;
    const length = ended ? newline - from : Math.min(room, chunk.length - from);
    if (ended && this.have === 0) {
      this.#bytes = chunk.subarray(from, newline);
    } else {
      this.#bytes ??= new Uint8Array(this.limit);
      this.#bytes.set(chunk.subarray(from, from + length), this.have);
    }
    this.have += length;
    this.#ended = ended;
    return ended ? length + 1 : length;
  }

  complete(): Uint8Array | undefined {
    return this.#ended ? this.#bytes?.subarray(0, this.have) : undefined;
  }

  /** `limit` bytes came and none of them was a newline. */
  overfull(): boolean {
    return !this.#ended && this.have === this.limit;
  }
}
