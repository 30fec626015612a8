import type { Bytes } from '../relay/types.ts';

/** Keeps a copy of what was sent to the client, up to a bound; beyond it the copy is given up, not the answer. */
export class Capture {
  readonly #max_bytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #lost = false;

  constructor(max_bytes: number) {
    this.#max_bytes = max_bytes;
  }

  add(chunk: Bytes): void {
    if (this.#lost) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    this.#bytes += bytes.length;
    if (this.#bytes > this.#max_bytes) {
      this.#lost = true;
      this.#chunks = [];
    } else this.#chunks.push(bytes);
  }

  /** Everything sent, or undefined when it was more than the bound. */
  take(): Buffer | undefined {
    return this.#lost ? undefined : Buffer.concat(this.#chunks);
  }
}
