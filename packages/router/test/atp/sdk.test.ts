import { AtpCancelledError, AtpClient, AtpTaskError, ask, type ClientOptions, type TaskEvent } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import { type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { type HubSocket, runtimeOver } from './socket.ts';

interface Rig {
  readonly client: AtpClient;
  readonly running: Running;
  readonly sockets: readonly HubSocket[];
}

async function rig(more: Readonly<Record<string, unknown>> = {}, options: Partial<ClientOptions> = {}): Promise<Rig> {
  const running = await startForTest(more);
  const hub = openSessionHub(running.router.engine, 'node-a');
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  const { runtime, sockets } = runtimeOver(hub);
  const reconnect = { base_ms: 1, cap_ms: 5 };
  const client = new AtpClient({ url: 'http://router', key: TENANT_KEY, reconnect, ...options }, runtime);
  return { client, running, sockets };
}

async function all(events: AsyncIterable<TaskEvent>): Promise<TaskEvent[]> {
  const out: TaskEvent[] = [];
  for await (const event of events) out.push(event);
  return out;
}

const textOf = (events: readonly TaskEvent[]): string =>
  events.map((event) => (event.type === 'partial' && event.kind === 'text' ? event.delta : '')).join('');

describe('a client', () => {
  test('reads the events of a task as they come, the result last', async () => {
    const { client } = await rig();
    const events = await all(client.task({ prompt: 'Say something longer.', model: 'small' }));
    const last = events.at(-1);
    expect(last?.type === 'final' ? last.result.text : undefined).toBe(textOf(events));
    expect(textOf(events).length).toBeGreaterThan(10);
    await client.close();
  });

  test('sends the key as a subprotocol, and gets a new one for each connection', async () => {
    const keys = ['key-1', 'key-2'];
    const { client, sockets } = await rig({}, { key: () => Promise.resolve(keys.shift() ?? '') });
    await client.task({ prompt: 'Hi', model: 'small' }).result();
    sockets[0]?.cut();
    await client.task({ prompt: 'Hi', model: 'small' }).result();
    expect(sockets.map(({ protocols }) => protocols)).toEqual([
      ['atp.v1', 'atp.key.key-1'],
      ['atp.v1', 'atp.key.key-2'],
    ]);
  });

  test('survives connections that are lost in the middle of many answers, without a gap or a repetition', async () => {
    const { client, sockets } = await rig();
    const tasks = Array.from({ length: 10 }, (_, i) =>
      client.task({ prompt: `Say something longer ${i}.`, model: 'small' }),
    );
    let seen = 0;
    const read = async (events: AsyncIterable<TaskEvent>): Promise<TaskEvent[]> => {
      const out: TaskEvent[] = [];
      for await (const event of events) {
        out.push(event);
        seen += 1;
        if (seen % 7 === 0 && sockets.length < 6) sockets.at(-1)?.cut();
      }
      return out;
    };
    for (const events of await Promise.all(tasks.map(read))) {
      const last = events.at(-1);
      expect(last?.type === 'final' ? last.result.text : undefined).toBe(textOf(events));
    }
    expect(sockets.length).toBeGreaterThan(2);
  });

  test('throws what the router refuses, with its code', async () => {
    const { client } = await rig();
    const refused = client.task({ prompt: 'Hi', model: 'no-such-model' }).result();
    await expect(refused).rejects.toThrow(AtpTaskError);
    await expect(refused).rejects.toMatchObject({ code: 'EPOLICY', details: { error: 'model_not_found' } });
    const poor = client.task({ prompt: 'Hi '.repeat(99), model: 'small' }, { max_usd_micros: 1 }).result();
    await expect(poor).rejects.toMatchObject({ code: 'EBUDGET' });
  });

  test('whose reader leaves cancels the task upstream', async () => {
    const { answer, gone } = endless();
    const { client } = await rig(through((await upstream(answer)).base_url));
    for await (const event of client.task({ prompt: 'Hi', model: 'small' })) if (event.type === 'partial') break;
    await gone;
  });

  test('cancels by a signal', async () => {
    const { answer, gone } = endless();
    const { client } = await rig(through((await upstream(answer)).base_url));
    const abort = new AbortController();
    const task = client.task({ prompt: 'Hi', model: 'small' }, { signal: abort.signal });
    const read = (async () => {
      for await (const event of task) if (event.type === 'partial') abort.abort();
    })();
    await expect(read).rejects.toThrow(AtpCancelledError);
    await gone;
  });

  test('that is closed finishes what runs and takes nothing new', async () => {
    const { client } = await rig();
    const running = client.task({ prompt: 'Hi', model: 'small' }).result();
    const closed = client.close();
    expect((await running).finish).toBe('stop');
    await closed;
    await expect(client.task({ prompt: 'Hi' }).result()).rejects.toThrow('The client was closed.');
  });
});

test('one question over HTTP has the same result and the same errors', async () => {
  const { running } = await rig();
  const at = { url: running.url, key: TENANT_KEY };
  expect(await ask(at, { prompt: 'Hi', model: 'small' })).toMatchObject({ model: 'small', finish: 'stop' });
  await expect(ask(at, { prompt: 'Hi', model: 'no-such-model' })).rejects.toMatchObject({
    code: 'EPOLICY',
    details: { error: 'model_not_found' },
  });
  await expect(ask({ ...at, key: 'wrong' }, { prompt: 'Hi' })).rejects.toMatchObject({ code: 'ESEC' });
});
