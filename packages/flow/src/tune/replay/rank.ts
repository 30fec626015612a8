import type { TunerKind } from '../tuner.ts';
import type { Result } from './score.ts';

/** A tuner over its seeds. */
export interface Rank {
  readonly tuner: TunerKind;
  /** The result that counts. */
  readonly worst: Result;
  readonly best: Result;
  readonly mean_score: number;
  readonly seeds: number;
}

/** The tuners of some results, the best first, each judged by its worst seed. */
export function rank(results: readonly Result[]): readonly Rank[] {
  const ranks = [...Map.groupBy(results, ({ tuner }) => tuner)].map(([tuner, own]): Rank => {
    const ordered = own.toSorted((a, b) => a.score - b.score);
    const mean_score = own.reduce((sum, { score }) => sum + score, 0) / own.length;
    return { tuner, worst: ordered[0] as Result, best: ordered.at(-1) as Result, mean_score, seeds: own.length };
  });
  return ranks.toSorted((a, b) => b.worst.score - a.worst.score);
}

/** By how much the first wins: its worst seed over the best seed of any other. Negative when a lucky other one wins. */
export function marginOf(ranks: readonly Rank[]): number {
  const [first, ...others] = ranks;
  if (first === undefined || others.length === 0) return 0;
  return first.worst.score - Math.max(...others.map(({ best }) => best.score));
}
