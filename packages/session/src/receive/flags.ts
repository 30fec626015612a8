import { type Frame, hasFlag, isFragment } from '@atp-router/wire';
import { Violation } from '../core.ts';
import type { LaneIn } from '../streams/stream.ts';

/** `SYN` and `FIN` only where they mean something. Of a fragment only the first one has them. */
export function checkFlags(lane: LaneIn, frame: Frame): void {
  if (frame.flags === undefined || (frame.frag_seq ?? 0) > 0) {
    if (frame.flags === undefined && lane.is_main && frame.msg_seq === 0 && !lane.stream.opened && !isFragment(frame))
      throw new Violation('The first message of a stream does not have SYN.');
    return;
  }
  const opens = lane.is_main && frame.msg_seq === 0 && !lane.stream.own;
  if (hasFlag(frame, 'SYN') !== opens) throw new Violation('SYN is on the first message of a stream, and on no other.');
  if (hasFlag(frame, 'FIN') && !lane.is_main) throw new Violation('FIN is on a message with a persona or clone.');
}
