import type { DispatchContent, Frame, WireErrorContent, WireObject, WireValue } from '@atp-router/wire';
import { errorOf, has, isMessage, mainLane } from '../probe/frames.ts';
import { assert } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';

export interface Asked {
  readonly task?: WireValue;
  readonly content?: Partial<DispatchContent>;
  readonly more?: Partial<Frame>;
  readonly stream_id?: string;
  readonly flags?: readonly string[];
}

/** Opens a stream with a task, to which nothing else is said. */
export function begin(probe: Probe, peer: Peer, asked: Asked = {}): string {
  const { task = probe.task(), content = {}, more = {}, stream_id = '1', flags = ['SYN', 'FIN'] } = asked;
  const all = { session_id: peer.session_id, targets: [], task, ...content } as WireObject;
  peer.message({ stream_id, msg_seq: 0, flags, payload: { type: 'agent.dispatch', content: all }, more });
  return stream_id;
}

/** The messages of an answer, up to the one with `FIN`: each is acknowledged, so that there is credit for all. */
export async function answerOf(peer: Peer, stream_id: string = '1', within_ms?: number): Promise<readonly Frame[]> {
  for (let msg_seq = 0; ; msg_seq += 1) {
    const fits = (one: Frame): boolean => isMessage(one) && one.stream_id === stream_id && one.msg_seq === msg_seq;
    const isOver = (one: Frame): boolean => has(one, 'RST') && (one.stream_id === stream_id || one.stream_id === '0');
    const what = `message ${msg_seq} of the answer on stream ${stream_id}`;
    const isNext = (one: Frame): boolean => (fits(one) && !has(one, 'MORE')) || isOver(one);
    const { frame } = await peer.expect(what, isNext, within_ms);
    assert(!has(frame, 'RST'), what, () => `RST ${JSON.stringify(errorOf(frame) ?? {})}`);
    peer.acknowledge(mainLane(stream_id), msg_seq);
    if (!has(frame, 'FIN') && !endsInPieces(peer, frame)) continue;
    return firstFrames(peer, stream_id);
  }
}

/** Flags of a message in fragments are on its first one. */
function endsInPieces(peer: Peer, { stream_id, msg_seq }: Frame): boolean {
  return firstFrames(peer, stream_id).some((one) => one.msg_seq === msg_seq && has(one, 'FIN'));
}

/** Of each message the frame that says what it is, in order. */
export function firstFrames(peer: Peer, stream_id: string): readonly Frame[] {
  const first = peer.messages(stream_id).filter(({ frag_seq = 0 }) => frag_seq === 0);
  const byNumber = new Map(first.map((frame) => [frame.msg_seq, frame]));
  return [...byNumber.values()].toSorted((one, other) => one.msg_seq - other.msg_seq);
}

/** The content of a message of which this is the first frame; that of fragments is a JSON text in pieces. */
export function contentOf(peer: Peer, { stream_id, msg_seq, payload, flags = [] }: Frame): unknown {
  if (!flags.includes('MORE')) return payload?.content;
  const pieces = peer.messages(stream_id).filter((one) => one.msg_seq === msg_seq);
  const byNumber = new Map(pieces.map((one) => [one.frag_seq ?? 0, String(one.payload?.content)]));
  const text = Array.from({ length: byNumber.size }, (_, i) => byNumber.get(i) ?? '').join('');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const last = (frames: readonly Frame[]): Frame => frames.at(-1) as Frame;
export const shown = (frame: Frame): string => JSON.stringify(frame).slice(0, 300);

export async function finalOf(peer: Peer, stream_id: string = '1'): Promise<Frame> {
  const final = last(await answerOf(peer, stream_id));
  assert(final.payload?.type === 'agent.result.final', 'a task answered with agent.result.final', () => shown(final));
  return final;
}

/** What is no task is answered with an error that ends the stream. */
export async function errorOn(peer: Peer, stream_id: string = '1'): Promise<WireErrorContent> {
  const frames = await answerOf(peer, stream_id);
  const error = errorOf(last(frames));
  assert(error !== undefined && frames.length === 1, 'an error as the only message', () => shown(last(frames)));
  return error;
}
