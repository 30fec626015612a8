import type { Cast } from './moments.ts';
import { addInto, at, clearRow, newTriangle, scale } from './triangle.ts';

/** The tables of a `PairCounts`, in the order in which they are kept. */
export const PAIR_TABLES = ['both', 'agree', 'off', 'off_agree'] as const;

/**
 * How often two sources answered the same prompt (`both`), said the same (`agree`), and the same for prompts where neither said
 * what most of the others said (`off`, `off_agree`). The last two see who is right where the many are wrong: errors of weak
 * sources scatter or follow the many, right answers meet. None of them rests on weights, so they never feed on themselves.
 */
export class PairCounts {
  readonly both: Float64Array = newTriangle();
  readonly agree: Float64Array = newTriangle();
  readonly off: Float64Array = newTriangle();
  readonly off_agree: Float64Array = newTriangle();

  add(votes: readonly Cast[], options: number): void {
    const counts = new Int32Array(options);
    for (const { choice } of votes) counts[choice] = (counts[choice] ?? 0) + 1;
    const tops = topThree(counts);
    for (const [i, a] of votes.entries()) {
      for (let j = 0; j < i; j += 1) {
        const b = votes[j];
        if (b === undefined) continue;
        const cell = at(a.source, b.source);
        const is_same = a.choice === b.choice;
        bump(this.both, cell);
        if (is_same) bump(this.agree, cell);
        const most = mostWithout(counts, tops, a.choice, b.choice);
        const own = is_same ? 2 : 1;
        if ((counts[a.choice] ?? 0) - own >= most || (counts[b.choice] ?? 0) - own >= most) continue;
        bump(this.off, cell);
        if (is_same) bump(this.off_agree, cell);
      }
    }
  }

  merge(tables: Readonly<Record<(typeof PAIR_TABLES)[number], readonly number[] | Float64Array>>): void {
    for (const name of PAIR_TABLES) addInto(this[name], tables[name]);
  }

  /** Forgets one source. */
  clear(source: number): void {
    for (const name of PAIR_TABLES) clearRow(this[name], source);
  }

  age(keep: number): void {
    for (const name of PAIR_TABLES) scale(this[name], keep);
  }
}

function bump(table: Float64Array, cell: number): void {
  table[cell] = (table[cell] ?? 0) + 1;
}

/** Indices of the three largest counts: one of them stays the largest whichever two votes are taken away. */
function topThree(counts: Int32Array): readonly number[] {
  const tops: number[] = [];
  for (const [choice, count] of counts.entries()) {
    let place = tops.length;
    while (place > 0 && count > (counts[tops[place - 1] ?? 0] ?? 0)) place -= 1;
    if (place < 3) tops.splice(place, 0, choice);
    if (tops.length > 3) tops.pop();
  }
  return tops;
}

/** The largest count without the votes for `a` and `b`. */
function mostWithout(counts: Int32Array, tops: readonly number[], a: number, b: number): number {
  let most = 0;
  for (const choice of tops) {
    const left = (counts[choice] ?? 0) - (choice === a ? 1 : 0) - (choice === b ? 1 : 0);
    if (left > most) most = left;
  }
  return most;
}
