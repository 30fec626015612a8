import type { CloseName } from '@atp-router/adapters';
import { type Frame, FrameError } from '@atp-router/wire';
import { expect, test } from 'vitest';
import { Awaited } from '../../src/atp/awaited.ts';

const frame = (msg_seq: number): Frame => ({ v: 1, session_id: 's', stream_id: '0', msg_seq });

function rig() {
  const closed: CloseName[] = [];
  const took: (number | string)[] = [];
  const awaited = new Awaited({ send: () => undefined, close: (end) => closed.push(end), remote_address: '' });
  const attached = {
    onFrame: ({ msg_seq }: Frame) => void took.push(msg_seq),
    onBadFrame: () => void took.push('bad'),
    onClosed: () => void took.push('closed'),
  };
  return { awaited, attached, closed, took };
}

test('what comes while a session is looked for is handed on in its order, and what follows at once', () => {
  const { awaited, attached, took } = rig();
  for (const n of [1, 2]) awaited.onFrame(frame(n), 10);
  expect(took).toEqual([]);
  awaited.settle(attached);
  awaited.onFrame(frame(3), 10);
  awaited.onBadFrame(new FrameError('truncated'));
  awaited.onClosed();
  expect(took).toEqual([1, 2, 3, 'bad', 'closed']);
});

test.each([
  ['frames', 65, 10],
  ['bytes', 2, 600_000],
])('a client that sends too many %s meanwhile is left', (_what, frames, bytes) => {
  const { awaited, closed } = rig();
  for (let n = 0; n < frames + 5; n += 1) awaited.onFrame(frame(n), bytes);
  expect(closed).toEqual(['refused']);
  expect(awaited.is_over).toBe(true);
});

test('a connection that ends, or brings what is no frame, waits for nothing any more', () => {
  for (const end of ['onClosed', 'onBadFrame'] as const) {
    const { awaited, closed } = rig();
    if (end === 'onClosed') awaited.onClosed();
    else awaited.onBadFrame(new FrameError('truncated'));
    expect(awaited.is_over).toBe(true);
    expect(closed).toEqual(end === 'onClosed' ? [] : ['refused']);
  }
});
