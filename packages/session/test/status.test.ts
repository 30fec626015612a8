import { hasFlag, type Frame } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { lane, Pair, type PairOptions } from './support/pair.ts';

const zero = lane('0');
const isStatus = ({ payload }: Frame): boolean => payload?.type === 'control.status';
const heard = (pair: Pair): string[] => pair.of('server', 'peer_status').map(({ status }) => status);
const up = (options: PairOptions = {}): Pair => new Pair(options).connect().run(100);

describe('the status of an end', () => {
  it('is said when there is room, the newest one only', () => {
    const pair = up({ server: { limits: { pending_messages: 1 } } });
    pair.send('client', zero, 'fills the lane');
    pair.run(50);
    for (const status of ['BUSY', 'PAUSE', 'READY'] as const)
      expect(pair.input('client', { type: 'status', status })).toEqual([]);
    pair.run(5_000);
    expect(heard(pair)).toEqual([]);
    pair.input('server', { type: 'consumed', id: { lane: zero, msg_seq: 0 } });
    pair.run(1_000);
    expect(heard(pair)).toEqual(['READY']);
    // Nobody is told what becomes of it.
    expect(pair.of('client', 'acknowledged').map(({ id }) => id.msg_seq)).toEqual([0]);
  });

  it('is said again when its message has failed', () => {
    const pair = up();
    pair.input('client', { type: 'status', status: 'BUSY' });
    pair.run(100);
    pair.way = (frame) => (isStatus(frame) ? [] : [5]);
    pair.input('client', { type: 'status', status: 'READY' });
    pair.run(30_500);
    pair.way = () => [5];
    pair.run(5_000);
    expect(heard(pair)).toEqual(['BUSY', 'READY']);
    expect(pair.of('client', 'failed')).toEqual([]);
    const numbers = pair.sent('client').flatMap((frame) => (isStatus(frame) ? [frame.msg_seq] : []));
    expect(numbers.at(-1)).toBe(2);
    pair.run(100_000);
    expect(pair.sent('client').filter(isStatus)).toHaveLength(numbers.length);
  });

  it('is not said again when a newer one has been said since', () => {
    const pair = up();
    pair.way = (frame) => (isStatus(frame) && frame.msg_seq === 0 ? [] : [5]);
    pair.input('client', { type: 'status', status: 'BUSY' });
    pair.run(50);
    pair.input('client', { type: 'status', status: 'READY' });
    pair.run(40_000);
    expect(heard(pair)).toEqual(['READY']);
  });

  it('is kept for a successor, and said before the session ends', () => {
    const pair = up({
      client: { durable: true },
      server: { limits: { pending_messages: 1 } },
    }).run(100);
    pair.send('client', zero, 'fills the lane');
    pair.run(100);
    pair.input('client', { type: 'status', status: 'DRAINING', suggested_window: { max_parallel: 1 } });
    pair.drop().run(100);
    pair.restore('client');
    pair.run(100);
    pair.connect().run(1_000);
    pair.input('client', { type: 'finish' });
    pair.run(5_000);
    expect(pair.sent('client').some((frame) => hasFlag(frame, 'FIN'))).toBe(false);
    pair.input('server', { type: 'consumed', id: { lane: zero, msg_seq: 0 } });
    pair.run(15_000);
    expect(pair.of('server', 'peer_status')).toEqual([
      { type: 'peer_status', status: 'DRAINING', suggested_window: { max_parallel: 1 } },
    ]);
    expect(pair.of('client', 'closed')).toEqual([{ type: 'closed' }]);
  });

  it('may be given before the session is there, and as a message with more to it', () => {
    const pair = new Pair({ server: { limits: { pending_messages: 1 } } });
    pair.input('client', { type: 'status', status: 'BUSY' });
    pair.connect().run(100);
    expect(heard(pair)).toEqual(['BUSY']);
    const payload = { type: 'control.status', content: { status: 'READY', reason: 'rested' } };
    pair.input('client', { type: 'send', lane: zero, message: { payload } });
    pair.run(100);
    expect(heard(pair)).toEqual(['BUSY', 'READY']);
    expect(pair.sent('client').filter(isStatus).at(-1)?.payload).toEqual(payload);
    expect(pair.of('client', 'refused')).toEqual([]);
  });
});
