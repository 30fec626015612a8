import type { Ballot, Said } from './ballot.ts';
import type { Reliability } from './confidence.ts';

/** Two sums of weights that differ by less are a tie. */
const EPSILON = 1e-12;
/** Votes of the average source for an answer that nobody gave: that all agree makes nothing certain, least of all two. */
const DOUBT = 0.5;

export interface Outcome {
  /** The answer; undefined when nobody gave one. */
  readonly key: string | undefined;
  /** Chance that it is right. */
  readonly confidence: number;
  /** Part of the weight that it has, 0 to 1. */
  readonly share: number;
  /** The same with half a vote for an answer that nobody gave; `confidence` is made of it. */
  readonly belief: number;
  /** For each lane the weight of its vote, 0 without one. May be below 0: who is most often wrong speaks against an answer. */
  readonly weights: readonly number[];
  /** Each answer with its weight, in the order of the first lane that gave it. */
  readonly tally: readonly { readonly key: string; readonly weight: number }[];
}

/** The answer with the most weight; at a tie the one that was given by the first lane. */
export function count(
  { keys, lanes, voices }: Ballot,
  answers: readonly Said[],
  weightOf: (source: string) => number,
  reliability: Reliability,
): Outcome {
  const of_lane = new Map(voices.map(({ source, clones }) => [source, weightOf(source) / clones]));
  const weights = lanes.map((choice, lane) => (choice < 0 ? 0 : (of_lane.get(answers[lane]?.source ?? '') ?? 0)));
  const sums = new Float64Array(keys.length);
  for (const [lane, choice] of lanes.entries())
    if (choice >= 0) sums[choice] = (sums[choice] ?? 0) + (weights[lane] ?? 0);
  const best = argmax(sums);
  const key = keys[best];
  const total = sums.reduce((sum, x) => sum + Math.max(0, x), 0);
  const most = Math.max(0, sums[best] ?? 0);
  const share = key === undefined ? 0 : total > 0 ? most / total : 1 / keys.length;
  const belief = (share * total) / (total + DOUBT);
  return {
    key,
    confidence: key === undefined ? 0 : reliability.chance(belief),
    share,
    belief,
    weights,
    tally: keys.map((answer, choice) => ({ key: answer, weight: sums[choice] ?? 0 })),
  };
}

/** Index of the largest, the first at a tie. */
export function argmax(sums: Float64Array): number {
  let best = 0;
  for (const [index, sum] of sums.entries()) if (sum > (sums[best] ?? 0) + EPSILON) best = index;
  return best;
}
