import { type Acknowledgement, type Frame, hasFlag } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { lane, Pair, SESSION_ID } from './support/pair.ts';

const main = lane('1');
const up = (pair: Pair): Pair => pair.connect().run(100);
const acksOf = (frame: Frame): readonly Acknowledgement[] =>
  ((frame.payload?.content ?? {}) as { acks?: readonly Acknowledgement[] }).acks ?? [];

describe('an end', () => {
  it('says its credit anew to whoever sends beyond it', () => {
    const pair = up(new Pair());
    pair.send('client', main, 'a');
    pair.run(100);
    const before = pair.sent('server').length;
    const payload = { type: 'agent.log', content: 'b' };
    const frame: Frame = { v: 1, session_id: SESSION_ID, stream_id: '1', msg_seq: 257, payload };
    pair.input('server', { type: 'frame', frame, bytes: 99, wall_ms: 0 });
    pair.run(100);
    const since = pair.sent('server').slice(before);
    expect(since.some((one) => hasFlag(one, 'ECN'))).toBe(true);
    expect(since.flatMap(acksOf)).toContainEqual({ stream_id: '1', ack_msg_up_to: 0, credit: 255 });
    expect(pair.delivered('server')).toHaveLength(1);
  });

  const told = (pair: Pair, ack: Acknowledgement): unknown => {
    const frame: Frame = {
      ...{ v: 1, session_id: SESSION_ID, stream_id: '0', msg_seq: 50, flags: ['ACK', 'CTRL'] },
      payload: { type: 'control.ack', content: { acks: [ack] } },
    };
    pair.input('client', { type: 'frame', frame, bytes: 99, wall_ms: 0 });
    return pair.of('client', 'closed')[0]?.error?.content;
  };

  it.each<[string, Acknowledgement]>([
    ['behind the last message', { stream_id: '1', ack_msg_up_to: 7 }],
    ['in a lane of which nothing was sent', { stream_id: '1', persona_id: 'p', clone_id: 'c', ack_msg_up_to: 0 }],
    ['on the stream of the session', { stream_id: '0', ack_msg_up_to: 0 }],
    ['on a stream that is not open yet', { stream_id: '3', ack_msg_up_to: 0 }],
    ['on one that the other end has not opened', { stream_id: '2', ack_msg_up_to: 0 }],
    ['on none', { stream_id: 'x', ack_msg_up_to: 0 }],
  ])('refuses an acknowledgement of what was never sent: %s', (_what, ack) => {
    const pair = up(new Pair());
    pair.send('client', main, 'a');
    expect(told(pair, ack)).toMatchObject({ code: 'EPROTO' });
  });

  it('ignores what comes late on a stream that is closed', () => {
    const pair = up(new Pair());
    pair.send('client', main, 'a', true);
    pair.run(100);
    pair.send('server', main, 'b', true);
    pair.run(100);
    expect(pair.of('client', 'stream_closed')).toHaveLength(1);
    expect(told(pair, { stream_id: '1', ack_msg_up_to: 0, credit: 256 })).toBeUndefined();
  });
});
