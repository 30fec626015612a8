import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AtpError } from '@atp-router/kernel';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenForPipes, openPipe, type Pipe, type PipeServer, systemClock, systemTimers } from '../../src/index.ts';
import type { PipeClientOptions } from '../../src/link/pipe-types.ts';
import type { LinkOptions } from '../../src/link/types.ts';
import { listenOnPath } from '../../src/unix-socket.ts';
import { settle } from '../http/support/test-server.ts';
import { VirtualTime } from '../sim/support/virtual-time.ts';
import { Seen, socketPath, VERSION } from './support/links.ts';

class End {
  readonly messages: Seen<readonly [kind: string, body: unknown]> = new Seen();
  readonly drains: Seen<true> = new Seen();
  readonly gone: Seen<true> = new Seen();

  onMessage(kind: string, body: unknown): void {
    this.messages.add([kind, body]);
  }

  onDrain(): void {
    this.drains.add(true);
  }

  onGone(): void {
    this.gone.add(true);
  }
}

type More = Partial<Pick<LinkOptions, 'clock' | 'timers' | 'limits' | 'version'>>;

interface Listening {
  readonly path: string;
  readonly server: PipeServer;
  /** What was said first, the pipe and what came on it. */
  readonly begun: Seen<readonly [hello: unknown, pipe: Pipe, end: End]>;
  readonly problems: Seen<AtpError>;
}

async function listening(more: More = {}): Promise<Listening> {
  const path = socketPath();
  const [begun, problems] = [new Seen<readonly [unknown, Pipe, End]>(), new Seen<AtpError>()];
  const server = await listenForPipes({
    ...{ path, version: VERSION, timers: systemTimers, clock: systemClock, onProblem: problems.add, ...more },
    onPipe: (pipe, hello) => {
      const end = new End();
      begun.add([hello, pipe, end]);
      return end;
    },
  });
  onTestFinished(() => server.close());
  return { path, server, begun, problems };
}

function opened(
  path: string,
  more: More & Partial<PipeClientOptions> = {},
): { pipe: Pipe; end: End; told: AtpError[] } {
  const end = new End();
  const told: AtpError[] = [];
  const pipe = openPipe({
    ...{ path, version: VERSION, timers: systemTimers, clock: systemClock, hello: 'hi', handlers: end },
    onProblem: (problem) => told.push(problem),
    ...more,
  });
  onTestFinished(() => pipe.destroy());
  return { pipe, end, told };
}

describe('a conversation', () => {
  test('begins with a hello, goes both ways in order, and ends with what was sent', async () => {
    const { path, begun } = await listening();
    const a = opened(path, { hello: { for: 'you' } });
    a.pipe.send('one', 1);
    const [hello, pipe, end] = await begun.until(1);
    expect(hello).toEqual({ for: 'you' });
    expect(await end.messages.until(1)).toEqual(['one', 1]);
    for (let i = 0; i < 500; i += 1) pipe.send('n', i);
    pipe.end();
    await a.end.gone.until(1);
    expect(a.end.messages.all.map(([, body]) => body)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is at the pace of whoever reads, who hears all that was said before the end', async () => {
    const { path, begun } = await listening();
    const a = opened(path);
    a.pipe.pause();
    const [, pipe, end] = await begun.until(1);
    const piece = new Uint8Array(65_536).fill(1);
    let sent = 1;
    while (pipe.send('piece', piece)) sent += 1;
    // The socket's own buffers, and no more.
    expect(sent * piece.length).toBeLessThan(4_194_304);
    await settle(20);
    expect([a.end.messages.all.length, end.drains.all.length]).toEqual([0, 0]);
    a.pipe.resume();
    await end.drains.until(1);
    pipe.send('last');
    pipe.end();
    await a.end.gone.until(1);
    expect(a.end.messages.all.length).toBe(sent + 1);
  });

  test('may be paused in the middle of what came together', async () => {
    const { path, begun } = await listening();
    const heard: unknown[] = [];
    let pipe: Pipe | undefined;
    const gone = new Seen<true>();
    const a = opened(path, {
      handlers: {
        onMessage: (_kind, body) => {
          heard.push(body);
          if (heard.length % 3 === 0) pipe?.pause();
        },
        onDrain: () => undefined,
        onGone: () => gone.add(true),
      },
    });
    pipe = a.pipe;
    const [, from] = await begun.until(1);
    for (let i = 0; i < 9; i += 1) from.send('n', i);
    from.end();
    for (const most of [3, 6, 9]) {
      while (heard.length < most) await settle(1);
      await settle(20);
      expect(heard.length).toBe(most);
      a.pipe.resume();
    }
    await gone.until(1);
  });

  test('is over for the other side when one of them ends it at once, and nothing is told to who did', async () => {
    const { path, begun } = await listening();
    const a = opened(path);
    const [, , end] = await begun.until(1);
    a.pipe.destroy();
    await end.gone.until(1);
    await settle(5);
    expect(a.end.gone.all).toEqual([]);
  });

  test('is over when the server closes, and where nobody listens', async () => {
    const { path, server, begun } = await listening();
    const a = opened(path);
    await begun.until(1);
    await server.close();
    await a.end.gone.until(1);
    const b = opened(path);
    await b.end.gone.until(1);
    expect([...a.told, ...b.told]).toEqual([]);
  });
});

describe('what is wrong', () => {
  test('is another version: refused in words', async () => {
    const { path, begun } = await listening();
    const a = opened(path, { version: '9.9.9' });
    await a.end.gone.until(1);
    expect(a.told[0]?.message).toContain('Processes of one router have to be of one version');
    expect(begun.all).toEqual([]);
  });

  test('is a hello, or a message, that cannot be sent', async () => {
    const { path, begun } = await listening();
    expect(() => opened(path, { hello: () => 1 })).toThrow('cannot be sent to another process');
    const a = opened(path);
    const [, , end] = await begun.until(1);
    expect(a.pipe.send('x', () => 1)).toBe(true);
    await end.gone.until(1);
    await a.end.gone.until(1);
    expect(a.told[0]?.message).toContain('is cut, as a message is lost');
  });

  test('is a handler that throws: reported, and the conversation ends', async () => {
    const { path, begun, problems } = await listening();
    const a = opened(path);
    const [, , end] = await begun.until(1);
    end.onMessage = () => {
      throw new Error('x');
    };
    a.pipe.send('x');
    await a.end.gone.until(1);
    expect((await problems.until(1)).message).toContain('failed at the message "x"');
  });

  test('is the silence of a process that is stopped, but not of one that is not listened to', async () => {
    const path = socketPath();
    // A process that never answers, nor reads.
    const server = createServer({ pauseOnConnect: true });
    await listenOnPath(server, path);
    onTestFinished(() => void server.close());
    const time = new VirtualTime();
    const [a, b] = [opened(path, { clock: time, timers: time }), opened(path, { clock: time, timers: time })];
    b.pipe.pause();
    await settle(5);
    time.advance(6_000);
    await a.end.gone.until(1);
    expect(a.told[0]?.message).toContain('was silent for 6000 ms');
    time.advance(60_000);
    await settle(5);
    expect(b.end.gone.all).toEqual([]);
    a.pipe.destroy();
    b.pipe.destroy();
  });

  test('is nothing while both only think: they show that they live', async () => {
    const time = new VirtualTime();
    const { path, begun } = await listening({ clock: time, timers: time });
    const a = opened(path, { clock: time, timers: time });
    const [, , end] = await begun.until(1);
    for (let i = 0; i < 10; i += 1) {
      time.advance(2_000);
      await settle(10);
    }
    expect([a.end.gone.all, end.gone.all]).toEqual([[], []]);
  });
});
