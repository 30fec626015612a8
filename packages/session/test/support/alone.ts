import type { Acknowledgement, Frame, Payload } from '@atp-router/wire';
import { Pair, type PairOptions, SESSION_ID, type Side } from './pair.ts';

export const WALL_MS = 1_700_000_000_000;
export const acksOf = (frame: Frame): readonly Acknowledgement[] =>
  ((frame.payload?.content ?? {}) as { acks?: readonly Acknowledgement[] }).acks ?? [];

/** A pair whose way brings nothing by itself: frames of the peer are made by the test. */
export function alone(options: PairOptions = {}): Pair {
  const pair = new Pair(options).connect().run(100);
  pair.way = () => [];
  return pair;
}

export function takes(pair: Pair, side: Side, frame: Partial<Frame>): number {
  const whole: Frame = { v: 1, session_id: SESSION_ID, stream_id: '0', msg_seq: 0, ...frame };
  return pair.input(side, { type: 'frame', frame: whole, bytes: 100, wall_ms: WALL_MS + pair.now_ms }).length;
}

export const told = (acks: readonly Acknowledgement[], msg_seq = 10): Partial<Frame> => ({
  ...{ msg_seq, flags: ['ACK', 'CTRL'] },
  payload: { type: 'control.ack', content: { acks } },
});

export const log = (content: string, of: { readonly persona_id?: string } = {}): Payload => ({
  ...{ type: 'agent.log', content },
  ...of,
});
