import { tallyOf } from '../learn/scores.ts';
import type { Arm, Rule } from './arm.ts';

/** Of UCB1, for rewards from 0 to 1. */
const BONUS = Math.SQRT2;
/** With less of a prompt seen, a bonus would be no number. */
const SEEN_MIN = 0.01;

/**
 * Upper confidence bounds by topic and model (Auer, Cesa-Bianchi, Fischer 2002): success ÷ cost + c·√(ln N ÷ n). Costs are over the
 * cheapest one's, so that what is counted lies from 0 to 1. What a point of quality is worth does not go in.
 */
export function ucb(): Rule {
  return {
    draws: 1,
    arms(facts, { topic }) {
      const tallies = facts.map(({ sums }) => tallyOf(sums, topic));
      const all = Math.log(
        Math.max(
          1,
          tallies.reduce((sum, { n }) => sum + n, 0),
        ),
      );
      const cheapest = Math.min(...facts.map(({ cost }) => cost));
      return facts.map(({ cost }, i): Arm => {
        const { n, right } = tallies[i] ?? { n: 0, right: 0 };
        const mean = (right + 1) / (n + 2);
        const spread = Math.sqrt(all / Math.max(SEEN_MIN, n));
        const value = (mean * cheapest) / cost;
        return { mean, spread, worth: (rng) => value + (rng === undefined ? 0 : BONUS * spread) };
      });
    },
  };
}
