import { hasFlag, isFragment, laneKey, laneOf, type Lane } from '../../frame.ts';
import type { Finding, Judge, Judged, LaneTrack, SessionTrack, Side } from './tracks.ts';
import { laneTrack, saidBy } from './tracks.ts';

/** How many gaps of one lane are named one by one. */
const NAMED_MAX = 8;

/** How frames are numbered, within their lane or among the control frames of their end. */
export const judgeLanes: Judge = (judged) => {
  const { frame, is_control, sender, record, digests, report } = judged;
  const track = is_control ? sender.control : laneOfSide(sender, laneOf(frame));
  const { msg_seq } = frame;
  const is_again = track.seen.has(msg_seq);
  track.seen.add(msg_seq);
  track.last_line = record.line;
  if (!isFragment(frame)) {
    const said = saidBy(frame.payload, digests);
    const before = track.said.get(msg_seq);
    if (before === undefined) track.said.set(msg_seq, said);
    else if (before !== said) report(is_control ? 'S3' : 'W13', `${msg_seq} was the number of something else`);
  }
  if (!is_control) judgeMessage(judged, track, is_again);
  track.highest = Math.max(track.highest, msg_seq);
};

function judgeMessage({ frame, session, receiver, report }: Judged, track: LaneTrack, is_again: boolean): void {
  const { msg_seq } = frame;
  if (hasFlag(frame, 'FIN')) {
    if (track.is_main) track.fin_at = msg_seq;
    else report('S14', 'FIN is on a message of a main lane only');
  }
  if (track.fin_at !== undefined && Math.max(msg_seq, track.highest) > track.fin_at) {
    report('S14', `message ${Math.max(msg_seq, track.highest)} is behind FIN, which is on ${track.fin_at}`);
  }
  if (is_again || !session.from_start || receiver.pending_messages === undefined) return;
  const credit = Math.max(track.credit ?? -1, receiver.pending_messages - 1);
  if (msg_seq > credit) report('S9', `message ${msg_seq} is beyond the credit, which ends at ${credit}`);
}

export function laneOfSide(side: Side, lane: Lane): LaneTrack {
  const key = laneKey(lane);
  const known = side.lanes.get(key);
  if (known !== undefined) return known;
  const is_main = lane.persona_id === '' && lane.clone_id === '';
  const fresh = laneTrack(laneText(lane), is_main);
  side.lanes.set(key, fresh);
  return fresh;
}

export function laneText({ stream_id, persona_id, clone_id }: Lane): string {
  const within = persona_id === '' && clone_id === '' ? '' : `, ${persona_id || '-'}/${clone_id || '-'}`;
  return `stream ${stream_id}${within}`;
}

/** What is missing when the trace ends: an error of the end that recorded, else it may have been lost on the way. */
export function judgeGaps(session: SessionTrack): readonly Finding[] {
  return [session.out, session.in].flatMap((side) => {
    const level = side.dir === 'out' ? 'error' : 'note';
    const tracks: readonly (readonly [LaneTrack, string])[] = [
      [side.control, 'S3'],
      ...[...side.lanes.values()].map((lane) => [lane, 'W13'] as const),
    ];
    return tracks.flatMap(([track, rule]) => {
      const gaps = gapsOf(track, session.from_start);
      if (gaps === '') return [];
      const message = `${track.name}, ${side.dir}: ${gaps} never went`;
      return [{ line: track.last_line, rule, level, message } satisfies Finding];
    });
  });
}

/** The numbers below the highest that did not come; those below the first one only when the trace has the beginning. */
function gapsOf({ seen, highest }: LaneTrack, from_start: boolean): string {
  if (seen.size === 0) return '';
  const sorted = [...seen].sort((left, right) => left - right);
  const gaps: string[] = [];
  let due = from_start ? 0 : (sorted[0] as number);
  for (const number of sorted) {
    if (number > due) gaps.push(number - 1 > due ? `${due} to ${number - 1}` : `${due}`);
    due = number + 1;
  }
  const more = gaps.length > NAMED_MAX ? ` and more below ${highest}` : '';
  return `${gaps.slice(0, NAMED_MAX).join(', ')}${more}`;
}
