import type { Lane } from './lane.ts';
import type { LaneError } from './types.ts';

/** A source all of whose clones have failed, where it has several or is the only one. */
export function allClonesFailed(lanes: readonly Lane[]): boolean {
  const by_source = new Map<string, Lane[]>();
  for (const lane of lanes) {
    const clones = by_source.get(lane.member.source);
    if (clones === undefined) by_source.set(lane.member.source, [lane]);
    else clones.push(lane);
  }
  for (const clones of by_source.values()) {
    if ((clones.length > 1 || by_source.size === 1) && clones.every(({ has_failed }) => has_failed)) return true;
  }
  return false;
}

/** Why there is no result: what kept all lanes from answering where they agree on it, else in the strategy's words. */
export function failureOf(lanes: readonly Lane[], why: string, is_over_time: boolean): LaneError {
  const errors = lanes.flatMap(({ phase }) => ('error' in phase ? [phase.error] : []));
  const [first] = errors;
  if (first !== undefined && errors.length === lanes.length && errors.every(({ code }) => code === first.code)) {
    return first;
  }
  if (is_over_time && lanes.every(({ answer }) => answer === undefined)) {
    return { code: 'deadline_exceeded', message: 'No lane has said anything within the time of the policy.' };
  }
  return { code: 'consensus_failed', message: `The lanes came to no result: ${why}.` };
}
