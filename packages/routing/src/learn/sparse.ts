import { isJsonObject, isNumber } from '@atp-router/kernel';

/** Numbers of which most are 0: the places of the others, ascending, and what they are. */
export interface Sparse {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export function sparseOf(values: ArrayLike<number>, rounded: (value: number) => number): Sparse {
  const at: number[] = [];
  const value: number[] = [];
  for (let i = 0; i < values.length; i += 1) {
    const one = rounded(values[i] ?? 0);
    if (one === 0) continue;
    at.push(i);
    value.push(one);
  }
  return { at, value };
}

/** Places ascend and lie below `length`; values are finite. */
export function isSparse(sparse: unknown, length: number): sparse is Sparse {
  if (!isJsonObject(sparse)) return false;
  const { at, value } = sparse;
  if (!Array.isArray(at) || !Array.isArray(value) || at.length !== value.length || at.length > length) return false;
  let before = -1;
  for (const place of at) {
    if (!Number.isSafeInteger(place) || place <= before || place >= length) return false;
    before = place;
  }
  return value.every(isNumber);
}
