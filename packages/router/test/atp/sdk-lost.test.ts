import { AtpClient, AtpInDoubtError, type TaskEvent } from '@atp-router/sdk';
import type { SessionEffect } from '@atp-router/session';
import { hasFlag } from '@atp-router/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { type HubSocket, runtimeOver, withdrawn } from './socket.ts';

const LONG = { prompt: 'Say something longer.', model: 'small' };

interface Rig {
  readonly client: AtpClient;
  /** The connection of the client, which has done a task. */
  readonly socket: HubSocket;
  /** What the router was told that failed. */
  readonly failed: readonly SessionEffect[];
}

const NOTHING = (): undefined => undefined;

async function rig(): Promise<Rig> {
  const running = await startForTest();
  const failed: SessionEffect[] = [];
  const effect = (one: SessionEffect): void => {
    if (one.type === 'failed') failed.push(one);
  };
  const observer = { frame: NOTHING, unreadable: NOTHING, window: NOTHING, refused: NOTHING, effect };
  const hub = openSessionHub(running.router.engine, 'node-a', { observer });
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  const { runtime, sockets } = runtimeOver(hub);
  const client = new AtpClient({ url: 'http://router', key: TENANT_KEY }, runtime);
  await client.task(LONG).result();
  const [socket] = sockets;
  if (socket === undefined) throw new Error('There was no connection.');
  return { client, socket, failed };
}

describe('an answer of which a message failed', () => {
  const without = (socket: HubSocket, msg_seq: number): void => {
    socket.spoil = (frame) =>
      frame.msg_seq === msg_seq && frame.stream_id !== '0' && !hasFlag(frame, 'CTRL') ? withdrawn(frame) : frame;
  };

  test('gives what came before, throws that it is in doubt, and is not worked on any more', async () => {
    const { client, socket } = await rig();
    without(socket, 3);
    const seen: TaskEvent[] = [];
    const read = (async () => {
      for await (const event of client.task(LONG)) seen.push(event);
    })();
    await expect(read).rejects.toThrow(AtpInDoubtError);
    await expect(read).rejects.toMatchObject({
      ...{ code: 'ETIMEOUT', message: 'A part of the answer did not arrive (expired).', may_have_arrived: true },
    });
    expect(seen.map(({ type }) => type)).toEqual(['log', 'partial', 'partial']);
    expect(socket.sent.some((frame) => frame.stream_id === '3' && hasFlag(frame, 'RST'))).toBe(true);
    socket.spoil = (frame) => frame;
    expect((await client.task(LONG).result()).finish).toBe('stop');
    await client.close();
  });

  test('has what came in the error of its result', async () => {
    const { client, socket } = await rig();
    without(socket, 3);
    const partials: string[] = [];
    const { spoil } = socket;
    socket.spoil = (frame) => {
      const { delta } = (frame.payload?.content ?? {}) as { readonly delta?: string };
      if (frame.msg_seq < 3 && delta !== undefined) partials.push(delta);
      return spoil(frame);
    };
    const error = await client
      .task(LONG)
      .result()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ETIMEOUT', received: partials.join('') });
    expect(partials.join('')).not.toBe('');
  });

  test('is no answer when that was the result, although the stream ends in order', async () => {
    const { client, socket } = await rig();
    socket.spoil = (frame) => (frame.payload?.type === 'agent.result.final' ? withdrawn(frame) : frame);
    const seen: TaskEvent[] = [];
    const read = (async () => {
      for await (const event of client.task(LONG)) seen.push(event);
    })();
    await expect(read).rejects.toThrow(AtpInDoubtError);
    expect(seen.at(-1)?.type).toBe('partial');
  });
});

test('a client that is closed has acknowledged what it read', async () => {
  const { client, socket, failed } = await rig();
  // What it has read last waits for its acknowledgement.
  await client.task(LONG).result();
  await client.close();
  expect(socket.sent.filter((frame) => hasFlag(frame, 'RST'))).toEqual([]);
  expect(failed).toEqual([]);
});
