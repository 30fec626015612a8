const WORD_CHARS_MAX = 64;

/**
 * The candidate that a misspelt word most likely means: smallest edit distance (insert, delete, replace, swap of
 * neighbours; case does not count), at most a third of the word. Undefined when nothing is near, or two are equally near
 * and neither shares the first letter.
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > WORD_CHARS_MAX) return undefined;
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let best_distance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    const nearer = distance < best_distance;
    const tie = distance === best_distance && candidate[0] === word[0] && best?.[0] !== word[0];
    if (nearer || (tie && distance <= limit)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

/** Optimal string alignment distance (Damerau–Levenshtein without overlapping swaps). */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row: number[] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(previous, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
