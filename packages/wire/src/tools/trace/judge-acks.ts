import { isWireObject, type WireObject, type WireValue } from '../../value.ts';
import { laneOfSide } from './judge-lanes.ts';
import type { Direction } from './format.ts';
import type { FragmentTrack, Judge, Judged, LaneTrack } from './tracks.ts';

/** Whether acknowledgements fit what they acknowledge, and never take anything back. */
export const judgeAcks: Judge = (judged) => {
  const content = judged.frame.payload?.content;
  if (!judged.is_control || content === undefined || !isWireObject(content)) return;
  const { acks } = content;
  if (!Array.isArray(acks)) return;
  for (const ack of acks as readonly WireValue[]) if (isWireObject(ack)) judgeAck(judged, ack);
};

function judgeAck(judged: Judged, ack: WireObject): void {
  const { frame, sender, receiver } = judged;
  const name = (value: WireValue | undefined, absent: string): string => (typeof value === 'string' ? value : absent);
  const lane = {
    stream_id: name(ack['stream_id'], frame.stream_id),
    persona_id: name(ack['persona_id'], ''),
    clone_id: name(ack['clone_id'], ''),
  };
  // What this end acknowledges are messages of the other one; what it withdraws are its own (S12).
  const track = laneOfSide(receiver, lane);
  for (const number of numbers(ack['withdrawn'])) laneOfSide(sender, lane).seen.add(number);
  rising(judged, track, ack, 'ack_msg_up_to');
  rising(judged, track, ack, 'credit');
  judgeReach(judged, track, ack);
  judgeFragments(judged, track, ack);
  const { credit } = ack;
  if (typeof credit === 'number') track.credit = Math.max(track.credit ?? -1, credit);
}

/**
 * A value that control frames with a higher number may raise and not lower. Frames may overtake each other on the way, so
 * their numbers count and not the order in which they came.
 */
function rising(
  { frame, report }: Judged,
  track: LaneTrack,
  ack: WireObject,
  member: string,
  of: string = member,
): void {
  const value = ack[member];
  if (typeof value !== 'number') return;
  const before = track.acked.get(of);
  const control = frame.msg_seq;
  const fell = before !== undefined && (control > before.control ? value < before.value : value > before.value);
  if (fell) report('S17', `${track.name}: ${member} is ${value}, and was ${before.value}`);
  if (before === undefined || control > before.control) track.acked.set(of, { control, value });
}

/** Nothing is acknowledged, or asked for, that was not sent. */
function judgeReach({ session, report }: Judged, track: LaneTrack, ack: WireObject): void {
  if (!session.from_start) return;
  const { ack_msg_up_to, missing_messages } = ack;
  if (typeof ack_msg_up_to === 'number' && ack_msg_up_to > track.highest) {
    report('S17', `${track.name}: ${ack_msg_up_to} is acknowledged, and ${sent(track)}`);
  }
  const asked = numbers(missing_messages).filter((number) => number > track.highest);
  if (asked.length > 0) report('S19', `${track.name}: ${asked[0]} is asked for, and ${sent(track)}`);
}

function sent({ highest }: LaneTrack): string {
  return highest < 0 ? 'nothing was sent' : `${highest} is the highest that was sent`;
}

function judgeFragments(judged: Judged, track: LaneTrack, ack: WireObject): void {
  const { session, sender, report } = judged;
  const { msg_seq, missing } = ack;
  if (typeof msg_seq !== 'number') return;
  rising(judged, track, ack, 'ack_up_to', `ack_up_to of ${msg_seq}`);
  const named = numbers(missing);
  if (!session.from_start || named.length === 0) return;
  const fragments = track.fragments.get(msg_seq);
  const last = fragments?.last;
  if (last !== undefined) {
    if (named.every((index) => index <= last)) return;
    report('W57', `${track.name}: message ${msg_seq} ends with fragment ${last}, and a later one is missing`);
  } else if (!named.every((index) => mayBeBad(sender.dir, fragments, index))) {
    report('W57', `${track.name}: fragments of ${msg_seq} are missing before its last one was sent`);
  }
}

/** A piece that does not fit its digest is named at once (W58). Whether it did at the other end, the trace does not show. */
function mayBeBad(by: Direction, fragments: FragmentTrack | undefined, index: number): boolean {
  if (fragments === undefined) return false;
  return fragments.bad.has(index) || (by === 'in' && fragments.good.has(index));
}

function numbers(value: WireValue | undefined): readonly number[] {
  return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
}
