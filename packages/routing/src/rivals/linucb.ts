import type { Belief } from '../learn/belief.ts';
import { beliefOf } from '../learn/fit.ts';
import { RegressionSums } from '../learn/sums.ts';
import type { Arm, Rule } from './arm.ts';

/** α: how far above what is expected an arm is hoped to be. */
const HOPE = 1;

interface Fitted {
  readonly n: number;
  readonly belief: Belief | undefined;
}

/**
 * LinUCB, each model for itself (Li, Chu, Langford, Schapire 2010, algorithm 1): ridge regression on what is known of a prompt, and
 * α·√(xᵀA⁻¹x) for what is not. `dims`: features.
 */
export function linUcb(dims: number): Rule {
  const ridge = { means: new Float64Array(dims), spreads: new Float64Array(dims).fill(1), noise: 1 };
  const nothing = new RegressionSums(dims);
  /** Fitted when it was seen last; goes with the sums. */
  const fitted = new WeakMap<RegressionSums, Fitted>();
  const beliefIn = (sums: RegressionSums): Belief | undefined => {
    const known = fitted.get(sums);
    if (known?.n === sums.n) return known.belief;
    const belief = beliefOf(ridge, sums);
    fitted.set(sums, { n: sums.n, belief });
    return belief;
  };
  return {
    draws: 1,
    arms(facts, { features }) {
      return facts.map(({ cost, sums }): Arm => {
        const belief = beliefIn(sums ?? nothing);
        const mean = belief?.mean(features) ?? 0;
        const spread = Math.sqrt(belief?.variance(features) ?? 1);
        return { mean, spread, worth: (rng) => mean + (rng === undefined ? 0 : HOPE * spread) - cost };
      });
    },
  };
}
