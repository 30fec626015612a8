import { isTime, listOf } from '@atp-router/kernel';
import { isTextKind, TEXT_KINDS, type TextKind } from '../features/text-kind.ts';

/** Rows of a model, a kind of text, answers, and how right these were together. */
export type KindRow = readonly [model: string, kind: TextKind, n: number, right: number];

/** What is left of less is what rounding leaves of nothing. */
const ROUNDED = 1e-6;

/** Of each kind how many answers, and how right they were together. */
type Cells = Float64Array;

/**
 * How right models were by kind of text. It is shown and decides nothing: what decides is learned of topics. At most as many
 * models as there are sums of.
 */
export class KindTallies {
  readonly #of: Map<string, Cells> = new Map();

  add(model: string, kind: TextKind, n: number, right: number): void {
    const place = 2 * TEXT_KINDS.indexOf(kind);
    const cells = this.#of.get(model) ?? new Float64Array(2 * TEXT_KINDS.length);
    this.#of.set(model, cells);
    cells[place] = (cells[place] ?? 0) + n;
    cells[place + 1] = (cells[place + 1] ?? 0) + right;
  }

  /** Takes back what was added with the same; of what is there less of nothing is taken. */
  remove(model: string, kind: TextKind, n: number, right: number): void {
    const cells = this.#of.get(model);
    const place = 2 * TEXT_KINDS.indexOf(kind);
    const left = (cells?.[place] ?? 0) - n;
    if (cells === undefined || left < 0) return;
    cells[place] = left < ROUNDED ? 0 : left;
    cells[place + 1] = Math.max(0, Math.min(cells[place] ?? 0, (cells[place + 1] ?? 0) - right));
  }

  addAll(other: KindTallies, part: number, known: { has(model: string): boolean }): void {
    for (const [model, kind, n, right] of other.rows()) {
      if (known.has(model)) this.add(model, kind, part * n, part * right);
    }
  }

  /** What is there counts for so much of what it did; of models that are not known any more nothing is kept. */
  times(part: number, known: { has(model: string): boolean }): void {
    for (const model of [...this.#of.keys()]) {
      if (known.has(model)) this.scale(model, part);
      else this.#of.delete(model);
    }
  }

  scale(model: string, part: number): void {
    const cells = this.#of.get(model);
    if (cells !== undefined) for (let i = 0; i < cells.length; i += 1) cells[i] = (cells[i] ?? 0) * part;
  }

  *rows(): Generator<KindRow> {
    for (const [model, cells] of this.#of) {
      for (const [i, kind] of TEXT_KINDS.entries()) {
        const [n = 0, right = 0] = [cells[2 * i], cells[2 * i + 1]];
        if (n > 0) yield [model, kind, n, right];
      }
    }
  }
}

/** Absent in states of before kinds were told apart. `isName`: whether it can be the name of a model. */
export function areKindRows(value: unknown, models_max: number, isName: (name: unknown) => boolean): boolean {
  const isRow = (row: unknown): boolean => {
    if (!Array.isArray(row) || row.length !== 4) return false;
    const [model, kind, n, right] = row as readonly unknown[];
    if (!isName(model) || !isTextKind(kind) || !isTime(n) || !isTime(right)) return false;
    // Both are rounded.
    return (right as number) <= (n as number) * 1.000_001 + 1e-6;
  };
  return value === undefined || listOf(isRow, models_max * TEXT_KINDS.length)(value);
}
