import type { Strategy } from '../strategy.ts';
import { pluralityOf } from './plurality.ts';
import { noted, nothing, verdictOf } from './result.ts';

/**
 * The answer with the most votes, by learned or equal weights. With a quorum, an answer that has as many votes is before
 * all that have not. Safe as soon as no open lane can change it.
 */
export const majority: Strategy = {
  kind: 'majority',
  is_order_free: true,
  decide(view) {
    const { quorum } = view.plan.strategy;
    const found = pluralityOf(view, { quorum });
    if (found === undefined) return nothing(view);
    const votes = found.ballot.tallies[0]?.votes ?? 0;
    if (quorum === undefined) return verdictOf(view, found.result, found.is_safe);
    const is_met = votes >= quorum;
    const said = is_met ? `${votes} votes are enough, ${quorum} are asked for` : `the quorum of ${quorum} was not met`;
    const result = noted(found.result, is_met ? [said] : [], is_met ? [] : [said]);
    return verdictOf(view, result, found.is_safe, is_met);
  },
};
