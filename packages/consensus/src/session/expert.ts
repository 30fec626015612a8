import type { LaneAnswer } from '../answer.ts';
import type { Reconciled, View } from '../strategy.ts';

/**
 * Where asking somebody better has not settled it, and nobody arbitrates: what that one said stands. How sure that is follows
 * from who said it, and not from the strategy that was not sure enough.
 */
export function byExpert(result: Reconciled, expert: LaneAnswer, { answers, standing }: View): Reconciled {
  const why = [
    ...result.why,
    `the trigger still holds, so the answer of lane ${expert.lane}, which was asked for that, stands`,
  ];
  const { text, lane, findings, source, key } = expert;
  const same = answers.filter((answer) => answer.lane === lane || (key !== '' && answer.key === key)).length;
  return {
    ...{ ...result, text, lane, findings, why, shares: [{ lane, share: 1 }], is_expert: true },
    agreement: Math.min(1, same / Math.max(1, answers.length)),
    confidence: expert.confidence ?? standing.winRate(source),
  };
}
