import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { settle } from '../http/support/test-server.ts';
import { VirtualTime } from '../sim/support/virtual-time.ts';
import { failure, RawPeer, socketPath, startClient, startPair, startServer } from './support/links.ts';

describe('messages', () => {
  test('come in their order, both ways, small and large', async () => {
    const { a, b, back } = await startPair();
    for (let i = 0; i < 2_000; i += 1) {
      expect(a.peer.send('up', i % 100 === 0 ? [i, new Uint8Array(100_000)] : [i])).toBe(true);
      expect(back.send('down', [i])).toBe(true);
      if (i % 300 === 0) await settle(1);
    }
    await b.messages.until(2_000);
    await a.messages.until(2_000);
    const numbers = Array.from({ length: 2_000 }, (_, i) => i);
    expect(b.messages.all.map(([kind, body]) => kind === 'up' && (body as number[])[0])).toEqual(numbers);
    expect(a.messages.all.map(([kind, body]) => kind === 'down' && (body as number[])[0])).toEqual(numbers);
  });

  test('carry what plain data is', async () => {
    const { a, b } = await startPair();
    const body = {
      at: Number.POSITIVE_INFINITY,
      none: undefined,
      bytes: new Uint8Array([1, 2]),
      text: 'ü€😀',
      list: [null],
    };
    a.peer.send('state', body);
    expect(await b.messages.until(1)).toStrictEqual(['state', body]);
  });

  test('may be as large as a frame, and what is behind them waits its turn', async () => {
    const { a, b } = await startPair();
    const bytes = new Uint8Array(67_000_000).fill(7);
    expect(a.peer.send('state', bytes)).toBe(true);
    a.peer.send('behind', 1);
    await b.messages.until(2);
    const [kind, body] = b.messages.all[0] as [string, Uint8Array];
    expect([kind, body.length, b.messages.all[1]]).toEqual(['state', bytes.length, ['behind', 1]]);
    expect(Buffer.compare(body, bytes)).toBe(0);
  });

  test('that are sent while a client says hello are the first that it gets', async () => {
    const path = socketPath();
    await startServer(path, {
      onPeer: (peer) => {
        expect(peer.send('first', 1)).toBe(true);
        void peer.ask('second', 2);
        return { onMessage: () => undefined, onQuestion: () => Promise.resolve(1), onDown: () => undefined };
      },
    });
    const a = startClient(path);
    const asked: unknown[] = [];
    a.onQuestion = (kind, body) => Promise.resolve(asked.push([kind, body, a.messages.all.length]));
    expect(await a.messages.until(1)).toEqual(['first', 1]);
    expect(a.ups.all).toHaveLength(1);
    expect(await a.peer.ask('any', 1)).toBe(1);
    expect(asked).toEqual([['second', 2, 1]]);
  });

  test('at which this process fails cut the link, and that is reported', async () => {
    const { a, b } = await startPair();
    b.onMessage = () => {
      throw new Error('a secret');
    };
    a.peer.send('credit', 1);
    const problem = await b.problems.until(1);
    expect(problem.message).toMatch(
      /^The link at .* is cut, as this process failed at the message "credit", which is lost\.$/,
    );
    expect(problem.cause).toEqual(new Error('a secret'));
    await b.downs.until(1);
    await a.downs.until(1);
    await a.ups.until(2);
  });

  test('that cannot be sent are lost, so the link is cut', async () => {
    const { a } = await startPair({ client: { limits: { frame_bytes: 1_000 } } });
    expect(a.peer.send('credit', () => 1)).toBe(false);
    expect(a.client.isUp).toBe(false);
    expect(a.problems.all.at(-1)?.message).toMatch(/is cut, as a message is lost: The message "credit" cannot be sent/);
    await a.ups.until(2);
    expect(a.peer.send('credit', 'x'.repeat(1_000))).toBe(false);
    expect(a.downs.all).toHaveLength(1);
    await a.downs.until(2);
  });
});

describe('questions', () => {
  test('are answered both ways, in any order', async () => {
    const { a, b, back } = await startPair();
    const held: (() => void)[] = [];
    b.onQuestion = (_kind, body) => new Promise((resolve) => held.push(() => resolve(body)));
    const answers = [1, 2, 3].map((body) => a.peer.ask('claims.find', body));
    expect(await back.ask('metrics', undefined)).toEqual(['metrics', undefined]);
    while (held.length < 3) await settle(1);
    for (const answer of held.reverse()) answer();
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });

  test('get the error of the other side, without its cause', async () => {
    const { a, b } = await startPair();
    const thrown = new AtpError('rate_limited', 'Too many.', {
      ...{
        param: 'x',
        retry_after_ms: 5,
        status: 418,
        origin: 'remote',
        details: { n: 1 },
        cause: new Error('/a/file'),
      },
    });
    b.onQuestion = () => Promise.reject(thrown);
    const error = await failure(a.peer.ask('claims.take', 1));
    expect(error).toBeInstanceOf(AtpError);
    const { code, message, param, retry_after_ms, status, origin, details, cause } = error;
    expect({ code, message, param, retry_after_ms, status, origin, details, cause }).toEqual({
      ...{ code: 'rate_limited', message: 'Too many.', param: 'x', retry_after_ms: 5, status: 418 },
      ...{ origin: 'remote', details: { n: 1 }, cause: undefined },
    });
    expect(b.problems.all).toEqual([]);
  });

  test('get no words of any other fault, which is reported where it was', async () => {
    const { a, b } = await startPair();
    b.onQuestion = () => {
      throw new TypeError('a secret');
    };
    const error = await failure(a.peer.ask('claims.take', 1));
    expect(error.code).toBe('internal_error');
    expect(error.message).toBe(
      'The process of this router that was asked for "claims.take" failed. The fault is logged.',
    );
    expect((await b.problems.until(1)).cause).toEqual(new TypeError('a secret'));
    expect(a.client.isUp).toBe(true);
  });

  test('that cannot be sent, or whose answers cannot, fail alone', async () => {
    const { a, b } = await startPair({ server: { limits: { frame_bytes: 1_000 } } });
    expect((await failure(a.peer.ask('x', () => 1))).message).toMatch(/^The question "x" cannot be sent/);
    b.onQuestion = () => Promise.resolve(() => 1);
    expect((await failure(a.peer.ask('x', 1))).message).toMatch(/^The answer cannot be sent/);
    b.onQuestion = () => Promise.resolve('x'.repeat(1_000));
    expect((await failure(a.peer.ask('x', 1))).message).toMatch(/^The answer cannot be sent .* at most 1000\.$/);
    expect(a.client.isUp).toBe(true);
  });

  test('that are too many are refused at once, by the side that asks', async () => {
    const { a, b } = await startPair({ client: { limits: { questions: 2 } } });
    b.onQuestion = () => new Promise(() => undefined);
    const open = [a.peer.ask('x', 1), a.peer.ask('x', 2)].map(failure);
    const error = await failure(a.peer.ask('x', 3));
    expect(error.code).toBe('backpressure');
    expect(error.message).toBe(
      '2 questions between processes of this router are open, and there may be no more. Retry soon.',
    );
    await a.client.close();
    for (const { code, status } of await Promise.all(open)) expect([code, status]).toEqual(['internal_error', 503]);
  });

  test('and by the side that answers', async () => {
    const { a, b } = await startPair({ server: { limits: { questions: 1 } } });
    const held: ((answer: number) => void)[] = [];
    b.onQuestion = () => new Promise((resolve) => held.push(resolve));
    const first = a.peer.ask('x', 1);
    expect((await failure(a.peer.ask('x', 2))).code).toBe('backpressure');
    held[0]?.(7);
    expect(await first).toBe(7);
  });

  test('that are not answered in time are given up, each in its own, and a late answer is nothing', async () => {
    const time = new VirtualTime();
    const { a, b } = await startPair({ client: { clock: time, timers: time } });
    const held: ((answer: number) => void)[] = [];
    b.onQuestion = () => new Promise((resolve) => held.push(resolve));
    const given_up: number[] = [];
    const open = [500, 1_000, 800].map((timeout_ms) =>
      failure(a.peer.ask('x', 1, { timeout_ms })).then((error) => {
        given_up.push(timeout_ms);
        return error;
      }),
    );
    while (held.length < 3) await settle(1);
    for (const [by_ms, count] of [
      [499, 0],
      [1, 1],
      [299, 1],
      [1, 2],
      [200, 3],
    ] as const) {
      time.advance(by_ms);
      await settle(1);
      expect(given_up).toHaveLength(count);
    }
    expect(given_up).toEqual([500, 800, 1_000]);
    const [error] = await Promise.all(open);
    expect([error?.code, error?.status]).toEqual(['internal_error', 503]);
    expect(error?.message).toMatch(/^Another process of this router \(.*\) did not answer "x" in time\. Retry soon\.$/);
    for (const answer of held) answer(1);
    b.onQuestion = () => Promise.resolve('on time');
    expect(await a.peer.ask('x', 1)).toBe('on time');
  });

  test('that come and go leave no timer behind', async () => {
    const time = new VirtualTime();
    const { a } = await startPair({ client: { clock: time, timers: time } });
    for (let i = 0; i < 50; i += 1) await a.peer.ask('x', i, { timeout_ms: 10_000 - i });
    // That of the keepalive, and one for all questions.
    expect(time.pending).toBe(2);
    await a.client.close();
    expect(time.pending).toBe(0);
  });
});

test('the socket and a folder that is made for it are for this user alone', async () => {
  const path = socketPath();
  await startServer(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

test('an error that is none is an internal one', async () => {
  const path = socketPath();
  const b = await startServer(path);
  const raw = await (await RawPeer.open(path)).greet();
  const peer = await b.peers.until(1);
  for (const [kind, body] of [
    ['no_such_code', { message: 'x' }],
    ['toString', { message: 'x' }],
    ['conflict', 'x'],
    ['conflict', null],
  ] as const) {
    const asked = failure(peer.ask('x', 1));
    const { id } = await raw.frames.until(raw.frames.all.length + 1);
    raw.send({ type: 'failure', id, kind, body });
    expect((await asked).message).toBe('The other process of this router answered with an error that is none.');
  }
});
