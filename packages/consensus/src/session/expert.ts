import type { LaneAnswer } from '../answer.ts';
import type { Reconciled } from '../strategy.ts';

/** Where asking somebody better has not settled it, and nobody arbitrates: what that one said stands. */
export function byExpert(result: Reconciled, expert: LaneAnswer): Reconciled {
  const why = [
    ...result.why,
    `the trigger still holds, so the answer of lane ${expert.lane}, which was asked for that, stands`,
  ];
  const { text, lane, findings } = expert;
  return { ...result, text, lane, findings, why, shares: [{ lane, share: 1 }] };
}
