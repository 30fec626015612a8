/** What a call costs, in micro-dollars: from a short prompt at a cheap model to ten dollars. */
export const USD_MICROS: readonly number[] = [
  ...[10, 50, 100, 500, 1_000, 5_000, 10_000],
  ...[50_000, 100_000, 500_000, 1_000_000, 10_000_000],
];
