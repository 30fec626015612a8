import type { Amounts } from '../amounts.ts';

/** Amounts as a list, for loops over the dimensions. */
export type Sum = [calls: number, tokens: number, usd_nanos: number];

export const DIMENSIONS = [0, 1, 2] as const;

export function amountsOf([calls, tokens, usd_nanos]: Readonly<Sum>): Amounts {
  return { calls, tokens, usd_nanos };
}

/** Adds `by`, or takes it away. */
export function addTo(sum: Sum, by: Readonly<Sum>, sign: 1 | -1 = 1): void {
  sum[0] += sign * by[0];
  sum[1] += sign * by[1];
  sum[2] += sign * by[2];
}

export function less(a: Readonly<Sum>, b: Readonly<Sum>): Sum {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function isSame(sum: Readonly<Sum>, calls: number, tokens: number, usd_nanos: number): boolean {
  return sum[0] === calls && sum[1] === tokens && sum[2] === usd_nanos;
}

export function sumOf(a: Readonly<Sum>, b: Readonly<Sum>): Sum {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

export function isNone(sum: Readonly<Sum>): boolean {
  return sum[0] === 0 && sum[1] === 0 && sum[2] === 0;
}
