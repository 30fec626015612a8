import type { Strategy } from '../strategy.ts';
import { chanceOfChange } from './overtake.ts';
import { pluralityOf } from './plurality.ts';
import { noted, nothing, verdictOf } from './result.ts';

/**
 * Samples until the majority is safe: until the chance that an open lane still changes it is at most `risk`. With a risk of
 * 0 it is `majority`.
 */
export const self_consistency: Strategy = {
  kind: 'self_consistency',
  is_order_free: true,
  decide(view) {
    const found = pluralityOf(view);
    if (found === undefined) return nothing(view);
    if (found.is_safe) return verdictOf(view, found.result, true);
    const chance = chanceOfChange(found.ballot, found.voices);
    const is_safe = chance <= view.plan.strategy.risk;
    const said = `lanes that are open would change it with a chance of ${chance.toFixed(3)} at most`;
    return verdictOf(view, noted(found.result, [said]), is_safe);
  },
};
