import type { Bytes } from '../relay/types.ts';

/** What a stream had for its client before it was chosen. Bounded: whoever fills it has it emptied at `is_full`. */
export class EarlyBytes {
  readonly #bytes_max: number;
  #chunks: Bytes[] = [];
  #bytes = 0;

  constructor(bytes_max: number) {
    this.#bytes_max = bytes_max;
  }

  get is_full(): boolean {
    return this.#bytes >= this.#bytes_max;
  }

  add(chunks: readonly Bytes[]): void {
    for (const chunk of chunks) this.#bytes += chunk.length;
    this.#chunks.push(...chunks);
  }

  take(): readonly Bytes[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return chunks;
  }
}
