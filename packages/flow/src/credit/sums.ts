import { type Amounts, NOTHING, plus } from '../amounts.ts';

export { plus };

/** Arithmetic of amounts; where it says signed, numbers may be below zero. */

export type Dimension = keyof Amounts;

export const DIMENSIONS: readonly Dimension[] = ['calls', 'tokens', 'usd_nanos'];

/** Something for each dimension of an account. */
export type PerDimension<V> = Readonly<Record<Dimension, V>>;

/** Signed. */
export function minus(a: Amounts, b: Amounts): Amounts {
  return { calls: a.calls - b.calls, tokens: a.tokens - b.tokens, usd_nanos: a.usd_nanos - b.usd_nanos };
}

export function times(a: Amounts, by: number): Amounts {
  return { calls: a.calls * by, tokens: a.tokens * by, usd_nanos: a.usd_nanos * by };
}

export function least(a: Amounts, b: Amounts): Amounts {
  return each((of) => Math.min(a[of], b[of]));
}

export function most(a: Amounts, b: Amounts): Amounts {
  return each((of) => Math.max(a[of], b[of]));
}

/** What is below zero becomes zero. */
export function positive(a: Amounts): Amounts {
  return most(a, NOTHING);
}

export function each(of: (dimension: Dimension) => number): Amounts {
  return { calls: of('calls'), tokens: of('tokens'), usd_nanos: of('usd_nanos') };
}

export function isNothing({ calls, tokens, usd_nanos }: Amounts): boolean {
  return calls === 0 && tokens === 0 && usd_nanos === 0;
}

export function negative(a: Amounts): Amounts {
  return minus(NOTHING, a);
}
