import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  listenForPipes,
  openPipe,
  type Pipe,
  type PipeHandlers,
  systemClock,
  systemTimers,
} from '@atp-router/adapters';
import { FrameError, type Frame } from '@atp-router/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Away } from '../../src/processes/sessions/away.ts';
import { carriedFault, frameErrorOf } from '../../src/processes/sessions/carriage.ts';
import { type FarAnswer, FarSession } from '../../src/processes/sessions/far-session.ts';
import { ManualTime } from '../shared/support/time.ts';

describe('workers that are away', () => {
  it('are expected for 10 s from when they were first missed, each time anew', async () => {
    const time = new ManualTime();
    let is_there = false;
    let knocks = 0;
    const knock = (): Promise<boolean> => {
      knocks += 1;
      return Promise.resolve(is_there);
    };
    const away = new Away({ clock: time, timers: time, knock });
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 500) {
        time.advance(Math.min(left, 500));
        await Promise.resolve();
        await Promise.resolve();
      }
    };
    expect(away.isExpected(2)).toBe(false);
    away.lost(2);
    await pass(9_500);
    away.lost(2);
    expect([away.isExpected(2), away.isExpected(3), knocks]).toEqual([true, false, 19]);
    await pass(500);
    expect(away.isExpected(2)).toBe(false);
    // Nobody asks while it comes back and goes again.
    is_there = true;
    await pass(1_000);
    away.lost(2);
    expect(away.isExpected(2)).toBe(true);
    away.close();
    away.lost(2);
    const before = knocks;
    await pass(5_000);
    expect([away.isExpected(2), knocks]).toEqual([false, before]);
  });
});

/** A conversation over a real socket; what comes at the other end is not read before `resume`. */
async function conversation() {
  const dir = mkdtempSync(join(tmpdir(), 'atp-carry-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const common = {
    ...{ path: join(dir, 's.sock'), version: '1', timers: systemTimers, clock: systemClock },
    onProblem: (problem: Error): void => {
      throw problem;
    },
  };
  const far: { pipe?: Pipe; said: [string, unknown][]; is_gone: boolean } = { said: [], is_gone: false };
  const server = await listenForPipes({
    ...common,
    onPipe: (pipe): PipeHandlers => {
      far.pipe = pipe;
      pipe.send('taken');
      pipe.pause();
      return {
        onMessage: (kind, body) => far.said.push([kind, body]),
        onDrain: () => undefined,
        onGone: () => {
          far.is_gone = true;
        },
      };
    },
  });
  onTestFinished(() => server.close());
  const client = { passed: [] as unknown[], held: [] as boolean[], closed: [] as string[], is_slow: false };
  const answers: FarAnswer[] = [];
  let ends = 0;
  const session = new FarSession({
    carrier: { send: () => undefined, close: (end) => client.closed.push(end), remote_address: '192.0.2.1' },
    raw: {
      pass: (frame) => {
        client.passed.push(frame);
        return !client.is_slow;
      },
      hold: (is_held) => client.held.push(is_held),
    },
    onAnswer: (answer) => answers.push(answer),
    onOver: () => {
      ends += 1;
    },
  });
  session.begin((handlers) => openPipe({ ...common, hello: {}, handlers }));
  await expect.poll(() => answers).toEqual(['taken']);
  return { far, client, session, ends: () => ends };
}

const frame = (bytes: number): Frame => ({
  ...{ v: 1, session_id: 's', stream_id: '0', msg_seq: 0 },
  payload: { type: 'text.final', content: { text: 'x'.repeat(bytes) } } as unknown as NonNullable<Frame['payload']>,
});

describe('a connection that is carried', () => {
  it('is held while the other worker does not read, and goes on when it does', async () => {
    const { far, client, session } = await conversation();
    while (client.held.length === 0) session.onFrame(frame(100_000), 100_000);
    expect(client.held).toEqual([true]);
    far.pipe?.resume();
    await expect.poll(() => client.held).toEqual([true, false]);
    session.onBadFrame(new FrameError('syntax', { offset: 7 }));
    await expect.poll(() => far.said.at(-1)?.[0]).toBe('fault');
    session.onClosed();
    await expect.poll(() => far.is_gone).toBe(true);
    expect(client.closed).toEqual([]);
  });

  it('that cannot be held is closed when too much waits', async () => {
    const { client, session, ends } = await conversation();
    for (let n = 0; client.closed.length === 0; n += 1) {
      expect(n).toBeLessThan(200);
      session.onFrame(frame(100_000), 100_000);
    }
    expect([client.closed, ends()]).toEqual([['no_room'], 1]);
  });

  it('gets what comes back no faster than its client reads, and the close behind it', async () => {
    const { far, client, session, ends } = await conversation();
    far.pipe?.resume();
    client.is_slow = true;
    for (const text of ['a', 'b', 'c']) far.pipe?.send('frame', text);
    far.pipe?.send('close', 'superseded');
    for (const taken of [1, 2, 3]) {
      await expect.poll(() => client.passed.length).toBe(taken);
      expect(client.closed).toEqual([]);
      session.onRoom();
    }
    await expect.poll(() => client.closed).toEqual(['superseded']);
    expect([client.passed, ends()]).toEqual([['a', 'b', 'c'], 1]);
    await expect.poll(() => far.is_gone).toBe(true);
  });

  it('is closed so that its client comes again when the other worker dies', async () => {
    const { far, client, ends } = await conversation();
    far.pipe?.destroy();
    await expect.poll(() => client.closed).toEqual(['going_away']);
    expect(ends()).toBe(1);
  });
});

it('carries what is wrong with a frame as it is', () => {
  const error = new FrameError('value', { path: 'payload.content', offset: 3 });
  error.address = { stream_id: '7' };
  const again = frameErrorOf(structuredClone(carriedFault(error)));
  expect([again.toContent(), again.address]).toEqual([error.toContent(), error.address]);
});
