import { type Frame, hasFlag } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { lane, Pair, type PairOptions } from './support/pair.ts';

const up = (options: PairOptions = {}): Pair => new Pair({ consume_ms: 1, ...options }).connect().run(100);
const beats = (frames: readonly Frame[]): Frame[] => frames.filter((frame) => hasFlag(frame, 'HB'));

describe('a quiet session', () => {
  it('sends heartbeats with its window and what it has', () => {
    const pair = up({ server: { window: { max_parallel: 3 } } });
    pair.send('client', lane('1'), 'a');
    pair.run(10_200);
    expect(beats(pair.sent('client'))).toHaveLength(1);
    const [beat] = beats(pair.sent('server'));
    expect(beat?.window).toEqual({ max_parallel: 3 });
    expect(beat?.payload).toEqual({
      type: 'control.window_update',
      content: { acks: [{ stream_id: '1', ack_msg_up_to: 0, credit: 256 }] },
    });
    pair.run(100_000);
    expect(beats(pair.sent('client'))).toHaveLength(11);
    expect(pair.of('client', 'disconnect')).toEqual([]);
  });

  it('takes a connection on which nothing comes for lost', () => {
    const pair = up();
    pair.way = () => [];
    pair.run(29_000);
    expect(pair.of('client', 'disconnect')).toEqual([]);
    pair.run(1_500);
    // The one that notices first closes it for both.
    expect([...pair.of('client', 'disconnect'), ...pair.of('server', 'disconnect')]).toHaveLength(1);
    expect(pair.ends.client.phase).toBe('lost');
  });

  it('does not give up what a dead connection has swallowed before it is noticed', () => {
    const pair = up({ way: (frame) => (frame.stream_id === '1' && frame.msg_seq === 0 ? [] : [5]) });
    pair.send('client', lane('1'), 'a');
    pair.send('client', lane('1'), 'b');
    pair.run(5_000);
    pair.way = () => [];
    pair.run(40_000);
    expect(pair.ends.server.phase).toBe('lost');
    pair.way = () => [5];
    pair.connect().run(1_000);
    expect(pair.delivered('server')).toEqual(['a', 'b']);
    expect([...pair.of('client', 'failed'), ...pair.of('server', 'failed')]).toEqual([]);
  });

  it('is ended by the server when it is idle, but not while a stream is open', () => {
    const pair = up();
    pair.run(290_000);
    pair.send('client', lane('1'), 'a', true);
    pair.run(400_000);
    expect(pair.of('server', 'closed')).toEqual([]);
    pair.send('server', lane('1'), 'b', true);
    pair.run(299_000);
    expect(pair.of('server', 'closed')).toEqual([]);
    pair.run(10_000);
    for (const side of ['client', 'server'] as const) expect(pair.of(side, 'closed')).toEqual([{ type: 'closed' }]);
  });

  it('makes a lost change of the window good with the next heartbeat, also between messages', () => {
    const pair = up();
    pair.way = (frame, from) => (from === 'server' && frame.payload?.type === 'control.window_update' ? [] : [5]);
    pair.input('server', { type: 'window', window: { max_parallel: 7 } });
    pair.run(50);
    pair.way = () => [5];
    for (let i = 0; i < 25; i += 1) {
      pair.send('server', lane('2'), i);
      pair.run(500);
    }
    expect(pair.of('client', 'peer_window')).toEqual([{ type: 'peer_window', window: { max_parallel: 7 } }]);
  });

  it('tells the window of a client on every connection', () => {
    const pair = up({ client: { durable: true, window: { max_parallel: 4 } } });
    expect(pair.of('server', 'peer_window').map(({ window }) => window)).toEqual([{ max_parallel: 4 }]);
    pair.drop();
    pair.input('client', { type: 'window', window: { max_parallel: 5 } });
    pair.run(10);
    pair.restore('client');
    pair.run(10);
    pair.connect().run(100);
    expect(pair.of('server', 'peer_window').at(-1)?.window).toEqual({ max_parallel: 5 });
  });

  it('does not go back to an older window', () => {
    let first = true;
    const pair = up({
      way: (frame) => {
        if (frame.payload?.type !== 'control.window_update' || !first) return [5];
        first = false;
        return [900];
      },
    });
    pair.input('server', { type: 'window', window: { max_parallel: 7 } });
    pair.input('server', { type: 'window', window: { max_parallel: 9 } });
    pair.run(1_500);
    expect(pair.of('client', 'peer_window')).toEqual([{ type: 'peer_window', window: { max_parallel: 9 } }]);
  });
});

describe('the end of a session', () => {
  it('waits for open streams, takes no new ones, and says so to both', () => {
    const pair = up();
    pair.send('client', lane('1'), 'a');
    pair.run(50);
    pair.input('server', { type: 'finish' });
    expect(pair.ends.server.refusal(lane('2'), pair.now_ms)).toBe('closed');
    pair.send('client', lane('3'), 'too late');
    pair.run(100);
    const refused = pair.of('client', 'stream_closed')[0];
    expect([refused?.stream_id, refused?.error?.content]).toEqual([
      '3',
      expect.objectContaining({ code: 'EDRAINING' }),
    ]);
    pair.send('client', lane('1'), 'b', true);
    pair.send('server', lane('1'), 'c', true);
    pair.run(5_000);
    expect(pair.delivered('server')).toEqual(['a', 'b']);
    for (const side of ['client', 'server'] as const) expect(pair.of(side, 'closed')).toEqual([{ type: 'closed' }]);
  });

  it('comes although its last acknowledgement is lost', () => {
    for (const lost of ['client', 'server'] as const) {
      const pair = up();
      pair.way = (frame, from) => (from === lost && frame.payload?.type === 'control.ack' ? [] : [5]);
      pair.input('client', { type: 'finish' });
      pair.run(120_000);
      for (const side of ['client', 'server'] as const) expect(pair.of(side, 'closed'), lost).toHaveLength(1);
    }
  });

  it('comes at once with a reset of stream 0', () => {
    const pair = up();
    pair.send('client', lane('1'), 'a');
    const error = { type: 'error', content: { code: 'EPOLICY', reason: 'No.' } };
    pair.input('server', { type: 'reset', stream_id: '0', error });
    pair.run(100);
    expect(pair.of('client', 'closed')).toEqual([{ type: 'closed', error }]);
    expect(pair.of('client', 'failed').map(({ reason }) => reason)).toEqual(['reset']);
    expect(pair.ends.client.handle({ type: 'timeout' }, pair.now_ms)).toEqual([]);
    expect(pair.ends.client.deadline_ms).toBeUndefined();
    expect(pair.ends.client.held()).toEqual({
      ...{ messages: 0, bytes: 0, lanes: 0, gaps: 0 },
      ...{ resets: 0, lingering: 0, nonces: 0 },
    });
  });
});

describe('the status of the other end', () => {
  it('bounds the streams that are opened, also after a resumption', () => {
    const pair = up();
    pair.input('client', { type: 'status', status: 'PAUSE' });
    pair.run(100);
    expect(pair.of('server', 'peer_status')).toEqual([{ type: 'peer_status', status: 'PAUSE' }]);
    expect(pair.delivered('server')).toEqual([]);
    expect(pair.ends.server.refusal(lane('2'), pair.now_ms)).toBeUndefined();
    pair.run(2_100);
    expect(pair.ends.server.refusal(lane('2'), pair.now_ms)).toBe('window');
    pair.drop().run(100);
    pair.connect().run(100);
    expect(pair.ends.server.refusal(lane('2'), pair.now_ms)).toBe('window');
    pair.send('server', lane('2'), 'x');
    pair.input('client', { type: 'status', status: 'READY', suggested_window: { max_parallel: 1 } });
    pair.run(100);
    expect(pair.of('server', 'writable')).toHaveLength(1);
    pair.send('server', lane('2'), 'x');
    expect(pair.ends.server.refusal(lane('4'), pair.now_ms)).toBe('window');
  });

  it('bounds a stream that may go beyond its suggestion by nothing that it suggests, and by all that it is', () => {
    const pair = up();
    const beyond = (stream_id: string): readonly unknown[] => {
      const message = { payload: { type: 'test', content: 'x' } };
      return pair.input('server', { type: 'send', lane: lane(stream_id), message, beyond: true });
    };
    pair.input('client', { type: 'window', window: { max_parallel: 3 } });
    pair.input('client', { type: 'status', status: 'READY', suggested_window: { max_parallel: 1 } });
    pair.run(1_000);
    const { server } = pair.ends;
    const rooms = (): number[] => [server.room(pair.now_ms), server.room(pair.now_ms, true)];
    expect(rooms()).toEqual([1, 3]);
    pair.send('server', lane('2'), 'x');
    expect([server.refusal(lane('4'), pair.now_ms), server.refusal(lane('4'), pair.now_ms, true)]).toEqual([
      'window',
      undefined,
    ]);
    beyond('4');
    expect([server.next_stream_id, rooms()]).toEqual(['6', [0, 1]]);
    pair.input('client', { type: 'status', status: 'BUSY' });
    pair.run(100);
    expect([rooms(), server.refusal(lane('6'), pair.now_ms, true)]).toEqual([[0, 0], 'window']);
    // It is told when there is room for it, which for others there is not.
    beyond('6');
    pair.input('client', { type: 'status', status: 'READY', suggested_window: { max_parallel: 1 } });
    pair.run(100);
    expect([rooms(), pair.of('server', 'writable').length]).toEqual([[0, 1], 1]);
    // The window of the other end binds everybody.
    beyond('6');
    expect(server.refusal(lane('8'), pair.now_ms, true)).toBe('window');
  });
});
