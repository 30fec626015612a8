/**
 * Bounds the values of one metric label. Names that clients or operators invent would otherwise grow the registry
 * without end; beyond the limit they share the value `_other`.
 */
export class LabelLimit {
  readonly #known: Set<string> = new Set();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return '_other';
    this.#known.add(value);
    return value;
  }
}
