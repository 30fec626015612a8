import type { Member } from '../plan.ts';
import type { Strategy, View } from '../strategy.ts';
import type { Lanes } from './lanes.ts';
import type { LateStart } from './late-start.ts';
import type { SessionParts } from './parts.ts';
import { cascadeOf } from './reserve.ts';

/** How far a session is, beside its lanes. */
interface Stand extends Pick<View, 'arrival' | 'follow_ups' | 'settled' | 'is_last'> {
  /** That decides now. */
  readonly strategy: Strategy['kind'];
  readonly is_over_time: boolean;
  readonly late: LateStart;
}

/** All that a decision rests on. */
export function viewOf(
  { plan, standing, documents }: SessionParts,
  lanes: Lanes,
  { strategy, is_over_time, late, ...rest }: Stand,
): View {
  const is_heard = (member: Member): boolean => !member.is_challenger || strategy === 'champion';
  const open = lanes.open().filter(({ member }) => is_heard(member));
  return {
    ...{ plan, standing, documents, ...rest },
    answers: lanes.answers(is_heard),
    open: open.map(({ lane, member }) => ({ lane, source: member.source })),
    cascade: cascadeOf(plan, lanes.all, is_over_time, late),
  };
}
