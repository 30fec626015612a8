import { normal, type Rng } from '@atp-router/kernel';
import { tallyOf } from '../learn/scores.ts';
import type { Arm, Rule } from './arm.ts';

const DRAWS = 16;
/** Nineteen of twenty are taken at once. */
const TRIES_MAX = 32;

/** Thompson's rule by topic and model (Thompson 1933; Chapelle, Li 2011): a chance is drawn of what Beta(1, 1) and its answers leave open. */
export function thompson(): Rule {
  return {
    draws: DRAWS,
    arms(facts, { topic }) {
      return facts.map(({ cost, sums }): Arm => {
        const { n, right } = tallyOf(sums, topic);
        const [a, b] = [1 + right, 1 + n - right];
        const mean = a / (a + b);
        const spread = Math.sqrt((mean * (1 - mean)) / (a + b + 1));
        return { mean, spread, worth: (rng) => (rng === undefined ? mean : beta(rng, a, b)) - cost };
      });
    },
  };
}

function beta(rng: Rng, a: number, b: number): number {
  const one = gamma(rng, a);
  return one / (one + gamma(rng, b));
}

/** Of shape 1 or more, and scale 1 (Marsaglia, Tsang 2000). */
function gamma(rng: Rng, shape: number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let i = 0; i < TRIES_MAX; i += 1) {
    const x = normal(rng);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - rng.next()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
  return d;
}
