import { clip } from '@atp-router/kernel';
import type { Lane } from './lane.ts';
import type { LaneError, LanePhase } from './types.ts';

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

/**
 * Why there is no result, lane by lane. The code is what kept all lanes from answering where they agree on it, else that of
 * a session that failed. Messages of lanes are those that a client would have got who had asked one of them alone.
 */
export function failureOf(lanes: readonly Lane[], why: string, is_over_time: boolean): LaneError {
  const errors = lanes.flatMap(({ phase }) => ('error' in phase ? [phase.error] : []));
  const [first] = errors;
  if (first !== undefined && errors.length === lanes.length && errors.every(({ code }) => code === first.code)) {
    if (lanes.length === 1) return first;
    return { code: first.code, message: `All ${lanes.length} lanes failed: ${reasonsOf(lanes)}` };
  }
  if (is_over_time && lanes.every(({ answer }) => answer === undefined)) {
    const message = `No lane has said anything within the time of the policy: ${reasonsOf(lanes)}`;
    return { code: 'deadline_exceeded', message };
  }
  return { code: 'consensus_failed', message: `The lanes came to no result: ${why}. ${reasonsOf(lanes)}` };
}

/** Different reasons that are told, characters of each, and lanes that are named for it: there are 64 lanes at most. */
const REASONS_MAX = 8;
const REASON_CHARS = 240;
const NAMED_MAX = 8;

/** `Lanes 0 (a), 2 (c): upstream_error, Provider "up" …`, one after the other in the order of lanes. */
function reasonsOf(lanes: readonly Lane[]): string {
  const by_reason = new Map<string, string[]>();
  for (const { lane, member, phase } of lanes) {
    const reason = reasonOf(phase);
    by_reason.set(reason, [...(by_reason.get(reason) ?? []), `${lane} (${member.source})`]);
  }
  const told = [...by_reason].slice(0, REASONS_MAX).map(([reason, names]) => {
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
    return `${names.length === 1 ? 'lane' : 'lanes'} ${names.slice(0, NAMED_MAX).join(', ')}${more}: ${reason}`;
  });
  const left_out = by_reason.size - told.length;
  return `${told.join('; ')}${left_out > 0 ? `; and ${left_out} other reasons` : ''}.`;
}

function reasonOf(phase: LanePhase): string {
  switch (phase.kind) {
    case 'rejected':
    case 'failed': {
      // On one line, and without the full stop that the list puts itself.
      const words = clip(phase.error.message, REASON_CHARS).replaceAll(/\s+/g, ' ').replace(/\.$/, '');
      return `${phase.error.code}, ${words}`;
    }
    case 'cancelled':
      return phase.never_began === true ? `not asked (${phase.reason})` : `stopped (${phase.reason})`;
    case 'finalized':
      return 'answered';
    case 'init':
    case 'admitted':
    case 'streaming':
    case 'paused':
      return 'no answer';
  }
}
