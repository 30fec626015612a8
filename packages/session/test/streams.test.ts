import { errorPayload, type Frame, hasFlag, KeyRing, type Payload, Sealer } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { digests, lane, Pair, type PairOptions, SESSION_ID } from './support/pair.ts';

const up = (options: PairOptions = {}): Pair => new Pair({ consume_ms: 1, ...options }).connect().run(100);
const codeOf = (payload: Payload | undefined): unknown => (payload?.content as { code?: string } | undefined)?.code;
const payload: Payload = { type: 'agent.log', content: 'x' };
const frameOf = (stream_id: string, more: Partial<Frame> = {}): Frame => ({
  ...{ v: 1, session_id: SESSION_ID, stream_id, msg_seq: 0, payload },
  ...more,
});
const give = (pair: Pair, frame: Frame): Frame[] => {
  const before = pair.sent('server').length;
  pair.input('server', { type: 'frame', frame, bytes: 100, wall_ms: 0 });
  return pair.sent('server').slice(before);
};
const acksIn = (frames: readonly Frame[]): unknown[] =>
  frames.flatMap((frame) => ((frame.payload?.content ?? {}) as { acks?: unknown[] }).acks ?? []);
const resets = (frames: readonly Frame[]): unknown[] =>
  frames.filter((frame) => hasFlag(frame, 'RST')).map((frame) => [frame.stream_id, codeOf(frame.payload)]);

describe('streams', () => {
  it('are opened by odd and even numbers, by their first message', () => {
    const pair = up();
    for (const side of ['client', 'server'] as const)
      for (let i = 0; i < 2; i += 1) pair.send(side, lane(pair.ends[side].next_stream_id), i);
    pair.run(100);
    expect(pair.of('server', 'stream_opened').map(({ stream_id }) => stream_id)).toEqual(['1', '3']);
    expect(pair.of('client', 'stream_opened').map(({ stream_id }) => stream_id)).toEqual(['2', '4']);
    expect(pair.send('client', lane('7'), 'x')).toEqual([{ type: 'refused', lane: lane('7'), why: 'closed' }]);
  });

  it('refuse ids that are none, that are not the other end’s, and frames that break their rules', () => {
    const refused = (frame: Frame): unknown[] => resets(give(up(), frame));
    expect(refused(frameOf('01', { flags: ['SYN'] }))).toEqual([['01', 'EPROTO']]);
    expect(refused(frameOf('2', { flags: ['SYN'] }))).toEqual([['0', 'EPROTO']]);
    expect(refused(frameOf('1'))).toEqual([['1', 'EPROTO']]);
    expect(refused(frameOf('1', { msg_seq: 1, flags: ['SYN'] }))).toEqual([['1', 'EPROTO']]);
    expect(refused(frameOf('1', { flags: ['FIN'], payload: { ...payload, persona_id: 'p' } }))).toEqual([
      ['1', 'EPROTO'],
    ]);
    expect(refused(frameOf('0', { flags: ['SYN'] }))).toEqual([['0', 'EPROTO']]);
  });

  it('take messages before the one that opens them, which wait for it', () => {
    const pair = up();
    give(pair, frameOf('3', { payload: { ...payload, persona_id: 'p' } }));
    expect(pair.of('server', 'deliver')).toEqual([]);
    give(pair, frameOf('3', { flags: ['SYN'] }));
    expect(pair.of('server', 'deliver').map(({ id }) => id.lane.persona_id)).toEqual(['', 'p']);
    give(pair, frameOf('1', { flags: ['SYN'] }));
    expect(pair.of('server', 'stream_opened').map(({ stream_id }) => stream_id)).toEqual(['3', '1']);
  });

  it('beyond the window are refused, and not remembered as open', () => {
    const pair = up({ server: { window: { max_parallel: 2 } } });
    expect(give(pair, frameOf('1', { flags: ['SYN'] }))).toEqual([]);
    expect(resets(give(pair, frameOf('5', { flags: ['SYN'] })))).toEqual([['5', 'EWINDOW']]);
    expect(give(pair, frameOf('3', { flags: ['SYN'] }))).toEqual([]);
    pair.send('client', lane('1'), 'a');
    expect(resets(give(pair, frameOf('9007199254740991', { flags: ['SYN'] })))).toEqual([['0', 'EPROTO']]);
  });

  it('are held to the window at their sender too, which says when there is room', () => {
    const pair = up({ server: { window: { max_parallel: 1 } } });
    pair.send('client', lane('1'), 'a', true);
    expect(pair.send('client', lane('3'), 'b')).toEqual([{ type: 'refused', lane: lane('3'), why: 'window' }]);
    pair.run(50);
    pair.send('server', lane('1'), 'done', true);
    pair.run(200);
    expect(pair.of('client', 'writable')).toEqual([{ type: 'writable', lane: lane('3') }]);
    pair.input('server', { type: 'window', window: { max_parallel: 0 } });
    pair.run(1_000);
    expect(pair.of('client', 'peer_window')).toEqual([{ type: 'peer_window', window: { max_parallel: 0 } }]);
    expect(pair.ends.client.refusal(lane('3'), pair.now_ms)).toBe('window');
  });

  it('close when both sides have ended them, and answer late messages with an acknowledgement', () => {
    const pair = up();
    pair.send('client', lane('1'), 'a', true);
    expect(pair.ends.client.refusal(lane('1'), pair.now_ms)).toBe('closed');
    pair.run(50);
    pair.send('server', lane('1'), 'b', true);
    pair.run(200);
    for (const side of ['client', 'server'] as const) expect(pair.of(side, 'stream_closed')).toHaveLength(1);
    const late = pair.sent('client').find(({ stream_id }) => stream_id === '1') as Frame;
    const acks = acksIn(give(pair, late));
    expect(acks).toEqual([{ stream_id: '1', ack_msg_up_to: 0, credit: 0 }]);
    expect(pair.delivered('server')).toEqual(['a']);
  });

  it('send FIN behind everything of their other lanes, and none behind it', () => {
    const pair = up({ way: (frame, from) => (from === 'client' && frame.payload?.persona_id === 'p' ? [400] : [5]) });
    pair.send('client', lane('1'), 'a');
    pair.send('client', lane('1', 'p', 'c'), 'beside');
    pair.send('client', lane('1'), 'end', true);
    pair.run(300);
    expect(pair.sent('client').some((frame) => hasFlag(frame, 'FIN'))).toBe(false);
    pair.run(1_000);
    expect(pair.delivered('server')).toEqual(['a', 'beside', 'end']);
    expect(resets(give(pair, frameOf('1', { msg_seq: 2 })))).toEqual([['1', 'EPROTO']]);
  });

  it('say their end once more when the message that had it failed', () => {
    const pair = up({
      way: (frame, from) => (from === 'client' && frame.msg_seq === 1 && !hasFlag(frame, 'CTRL') ? [] : [5]),
    });
    pair.send('client', lane('1'), 'a');
    pair.send('client', lane('1'), 'end', true);
    pair.run(100);
    pair.send('server', lane('1'), 'b', true);
    pair.run(40_000);
    expect(pair.of('client', 'failed').map(({ id }) => id.msg_seq)).toEqual([1]);
    expect(pair.delivered('server')).toEqual(['a', undefined]);
    for (const side of ['client', 'server'] as const) expect(pair.of(side, 'stream_closed')).toHaveLength(1);
    // The failed one is remembered for a sender that has not heard it.
    const acks = acksIn(give(pair, frameOf('1', { msg_seq: 1 })));
    expect(acks).toEqual([{ stream_id: '1', ack_msg_up_to: 2, credit: 257, failed: [1] }]);
  });

  it('are aborted in both directions, and the abort is repeated until it is confirmed', () => {
    let lost = 0;
    const pair = up({
      way: (frame, from) => {
        if (from !== 'server' || !hasFlag(frame, 'RST')) return [5];
        lost += 1;
        return lost <= 2 ? [] : [5];
      },
    });
    pair.send('client', lane('1'), 'a');
    pair.run(50);
    pair.send('server', lane('1'), 'b');
    pair.input('server', { type: 'reset', stream_id: '1', error: errorPayload('EPREEMPT') });
    expect(pair.of('server', 'failed').map(({ reason }) => reason)).toEqual(['reset']);
    pair.send('client', lane('1'), 'too late');
    pair.run(10_000);
    expect(pair.of('client', 'stream_closed').map(({ error }) => codeOf(error))).toEqual(['EPREEMPT']);
    expect(pair.of('client', 'failed').map(({ reason }) => reason)).toEqual(['reset']);
    expect(pair.delivered('server')).toEqual(['a']);
    const sent = pair.sent('server').filter((frame) => hasFlag(frame, 'RST')).length;
    pair.run(60_000);
    expect(pair.sent('server').filter((frame) => hasFlag(frame, 'RST'))).toHaveLength(sent);
    expect(pair.send('client', lane('3'), 'goes on')).not.toContainEqual(expect.objectContaining({ type: 'refused' }));
  });

  it('say of what was sent when they are aborted that it may have arrived, and of the rest that it has not', () => {
    const pair = up({ way: (frame, from) => (from === 'server' && frame.payload?.type === 'control.ack' ? [] : [5]) });
    pair.send('client', lane('1'), 'handed on');
    pair.send('client', lane('1', 'p', 'c'), 'handed on too');
    pair.send('client', lane('1'), 'waits for the lane beside it', true);
    pair.run(50);
    pair.input('client', { type: 'reset', stream_id: '1', error: errorPayload('EPREEMPT') });
    pair.run(1_000);
    expect(pair.delivered('server')).toEqual(['handed on', 'handed on too']);
    expect(pair.of('client', 'failed').map(({ id, reason }) => [id.lane.persona_id, id.msg_seq, reason])).toEqual([
      ['', 0, 'reset'],
      ['', 1, 'expired'],
      ['p', 0, 'reset'],
    ]);
  });

  it('that are not open are aborted by a frame that is refused, as long as it may come again', () => {
    const wall_ms = 1_700_000_000_000;
    const key = { kid: 'k', secret: new Uint8Array(32), not_before_ms: 0, not_after_ms: 1e15 };
    const signing = { sealer: new Sealer(digests), ring: new KeyRing([key]) };
    const signed = { features: ['sig'], signing };
    const pair = up({ client: signed, server: signed });
    const stamped = (stream_id: string, ts: number): Frame =>
      signing.sealer.sign(frameOf(stream_id, { flags: ['SYN'] }), key, { nonce: `${stream_id} ${ts}`, ts });
    const said = (frame: Frame): unknown[] => {
      const before = pair.sent('server').length;
      pair.input('server', { type: 'frame', frame, bytes: 100, wall_ms: wall_ms + pair.now_ms });
      return resets(pair.sent('server').slice(before));
    };
    let lost = 2;
    pair.way = (frame) => {
      if (!hasFlag(frame, 'RST') || lost === 0) return [5];
      lost -= 1;
      return [];
    };
    expect(said(stamped('3', wall_ms - 70_000))).toEqual([['3', 'ESEC']]);
    // The same message with a good signature: the abort holds, and is said again.
    expect(said(stamped('3', wall_ms + pair.now_ms))).toEqual([]);
    pair.run(20_000);
    expect(pair.sent('server').filter((frame) => hasFlag(frame, 'RST'))).toHaveLength(3);
    expect(pair.of('server', 'stream_opened')).toEqual([]);
    // A lower one may still be opened; one of the server's own may not, by anybody else.
    expect(said(stamped('1', wall_ms + pair.now_ms))).toEqual([]);
    expect(pair.of('server', 'stream_opened').map(({ stream_id }) => stream_id)).toEqual(['1']);
    expect(said(stamped('2', wall_ms - 70_000))).toEqual([['0', 'ESEC']]);
  });

  it('that were aborted and never confirmed are bounded: the session ends', () => {
    const pair = up({ server: { limits: { resets: 2 }, window: { max_parallel: 0 } } });
    for (const id of ['1', '3']) expect(resets(give(pair, frameOf(id, { flags: ['SYN'] })))).toEqual([[id, 'EWINDOW']]);
    expect(resets(give(pair, frameOf('5', { flags: ['SYN'] })))).toEqual([['0', 'EWINDOW']]);
    expect(pair.of('server', 'closed')).toHaveLength(1);
  });

  it('refuse more lanes than they may have', () => {
    const pair = up({ server: { limits: { lanes: 1 } } });
    give(pair, frameOf('1', { flags: ['SYN'] }));
    give(pair, frameOf('1', { payload: { ...payload, persona_id: 'p' } }));
    expect(resets(give(pair, frameOf('1', { payload: { ...payload, persona_id: 'q' } })))).toEqual([['1', 'EWINDOW']]);
  });

  it('refuse a message that has passed this node', () => {
    const pair = up({ server: { node_id: 'here' } });
    give(pair, frameOf('1', { flags: ['SYN'], meta: { via: ['there'] } }));
    const answers = give(pair, frameOf('1', { msg_seq: 1, meta: { via: ['there', 'here'] } }));
    expect(resets(answers)).toEqual([['1', 'EPROTO']]);
    expect(answers[0]?.payload?.content).toMatchObject({ details: { fault: 'loop' } });
  });
});
