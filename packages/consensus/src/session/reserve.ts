import { assert } from '@atp-router/kernel';
import type { FanoutPlan, Member } from '../plan.ts';
import type { CascadeView } from '../strategy.ts';
import type { Lane } from './lane.ts';
import type { LateStart } from './late-start.ts';
import type { SessionEffect } from './types.ts';

/** Who has been asked of a plan with a reserve, and who may still be; undefined: it has none. */
export function cascadeOf(
  { reserve }: FanoutPlan,
  lanes: readonly Lane[],
  is_over_time: boolean,
  late: Pick<LateStart, 'is_late' | 'isEarly'>,
): CascadeView | undefined {
  if (reserve === undefined) return undefined;
  const begun = lanes.map(({ lane, member }) => ({ lane, source: member.source, is_early: late.isEarly(lane) }));
  const asked = new Set(begun.map(({ source }) => source));
  const left = is_over_time ? [] : reserve.filter(({ source }) => !asked.has(source));
  return { begun, reserve: left.map(({ source }) => source), is_late: late.is_late };
}

export function ofReserve({ reserve }: FanoutPlan, source: string): Member {
  const member = reserve?.find((one) => one.source === source);
  assert(member !== undefined, 'who is begun is of the reserve');
  return member;
}

export function dispatchOf({ lane, member }: Pick<Lane, 'lane' | 'member'>): SessionEffect {
  return { type: 'dispatch', lane, member };
}
