import type { ReassemblyEffect } from '../../fragment/state.ts';
import { hasMore, isFragment, laneOf } from '../../frame.ts';
import { encodedBytes } from './format.ts';
import { laneOfSide, laneText } from './judge-lanes.ts';
import type { Finding, FragmentTrack, Judge, LaneTrack, SessionTrack } from './tracks.ts';

/** Fragments are put together as a receiver does it; what a receiver would complain about is a finding. */
export const judgeFragments: Judge = ({ frame, record, sender, report }) => {
  if (!isFragment(frame)) return;
  const { msg_seq, frag_seq = 0 } = frame;
  const track = fragmentTrack(laneOfSide(sender, laneOf(frame)), msg_seq);
  if (!hasMore(frame)) track.last = frag_seq;
  const { encoding, t_ms } = record.entry;
  const frame_bytes = encodedBytes(frame, encoding);
  for (const effect of sender.reassembler.handle({ type: 'fragment', frame, frame_bytes, now_ms: t_ms })) {
    if (effect.type === 'bad_fragment') track.bad.add(frag_seq);
    if (effect.type === 'stored') track.good.add(frag_seq);
    const [rule, message] = complaint(effect) ?? [];
    if (rule !== undefined && message !== undefined) report(rule, `message ${msg_seq}: ${message}`);
  }
};

function fragmentTrack({ fragments }: LaneTrack, msg_seq: number): FragmentTrack {
  const known = fragments.get(msg_seq);
  if (known !== undefined) return known;
  const fresh: FragmentTrack = { good: new Set(), bad: new Set(), last: undefined };
  fragments.set(msg_seq, fresh);
  return fresh;
}

function complaint(effect: ReassemblyEffect): readonly [rule: string, message: string] | undefined {
  switch (effect.type) {
    case 'bad_fragment':
      return ['W58', `the piece of fragment ${effect.frag_seq} does not fit its digest, or the last one has no frag`];
    case 'failed':
      return FAILED[effect.fault];
    case 'refused':
      return ['W61', 'more is open than a receiver has to keep'];
    // Repetitions are in order, and so is what comes late of a message that has failed: that was told already.
    case 'stored':
    case 'complete':
    case 'duplicate':
    case 'late':
      return undefined;
  }
}

const FAILED: Readonly<
  Record<Extract<ReassemblyEffect, { type: 'failed' }>['fault'], readonly [rule: string, message: string]>
> = {
  conflict: ['W59', 'its fragments contradict each other'],
  root: ['W59', 'its pieces do not add up to what the last one says'],
  content: ['W59', 'put together it is no content of its type'],
  too_many_fragments: ['W61', 'it has more fragments than a receiver has to take'],
  too_large: ['W61', 'it is larger than a receiver has to take'],
  expired: ['W60', 'it was given up'],
};

/** Messages that are not complete when the trace ends. */
export function judgeOpen(session: SessionTrack, line: number): readonly Finding[] {
  return [session.out, session.in].flatMap(({ dir, reassembler }) =>
    reassembler.snapshot().open.map(({ id }): Finding => {
      const message = `${laneText(id.lane)}, ${dir}: message ${id.msg_seq} is not complete at the end`;
      return { line, rule: 'W56', level: 'note', message };
    }),
  );
}
