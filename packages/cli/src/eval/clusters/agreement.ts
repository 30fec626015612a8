/** How well two partitions of the same things match. */
export interface Match {
  /** Share of things that are of the commonest class of their group: 1 where no group mixes classes, also where each is alone. */
  readonly purity: number;
  /** Mutual information over the mean of both entropies (Strehl, Ghosh 2002), 0 to 1. */
  readonly nmi: number;
  /** Adjusted Rand index (Hubert, Arabie 1985): 0 by chance, 1 for the same. */
  readonly ari: number;
  readonly groups: number;
}

/** Groups and classes of the same things, in the same order. */
export function matchOf(groups: readonly string[], classes: readonly string[]): Match {
  const table = new Map<string, Map<string, number>>();
  const of_class = new Map<string, number>();
  for (const [i, group] of groups.entries()) {
    const name = classes[i] ?? '';
    const row = table.get(group) ?? new Map<string, number>();
    table.set(group, row);
    row.set(name, (row.get(name) ?? 0) + 1);
    of_class.set(name, (of_class.get(name) ?? 0) + 1);
  }
  const n = groups.length;
  const cells = [...table.values()].flatMap((row) => [...row.values()]);
  const rows = [...table.values()].map((row) => [...row.values()].reduce((sum, count) => sum + count, 0));
  const columns = [...of_class.values()];
  const most = [...table.values()].reduce((sum, row) => sum + Math.max(...row.values()), 0);
  return {
    purity: n === 0 ? 0 : most / n,
    nmi: nmiOf(cells, rows, columns, n),
    ari: ariOf(cells, rows, columns, n),
    groups: table.size,
  };
}

function nmiOf(cells: readonly number[], rows: readonly number[], columns: readonly number[], n: number): number {
  const [joint, one, other] = [entropy(cells, n), entropy(rows, n), entropy(columns, n)];
  return one + other === 0 ? 1 : Math.max(0, (2 * (one + other - joint)) / (one + other));
}

function entropy(counts: readonly number[], n: number): number {
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / n) * Math.log(count / n)), 0);
}

function ariOf(cells: readonly number[], rows: readonly number[], columns: readonly number[], n: number): number {
  const pairs = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const [index, one, other, all] = [pairs(cells), pairs(rows), pairs(columns), (n * (n - 1)) / 2];
  const expected = all === 0 ? 0 : (one * other) / all;
  const most = (one + other) / 2;
  return most === expected ? 1 : (index - expected) / (most - expected);
}
