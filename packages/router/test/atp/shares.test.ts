import { AtpClient } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { errorOf, hashOf, type Running, startForTest } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { through, upstream } from '../admin/upstream.ts';
import { held } from '../http/support.ts';
import { scrape } from '../observe/scrape.ts';

const KEYS = { greedy: 'key-of-the-greedy', modest: 'key-of-the-modest' };
const TENANTS = Object.entries(KEYS).map(([id, key]) => ({ id, keys: [{ id: 'k1', hash: hashOf(key) }] }));

function clientOf({ url }: Running, key: string): AtpClient {
  const client = new AtpClient({ url, key, reconnect: { base_ms: 1, cap_ms: 2, attempts_max: 1 } });
  onTestFinished(() => client.close());
  return client;
}

test('what one tenant keeps of sessions does not take the room of others, and is seen', async () => {
  const { answer, next } = held();
  const { base_url } = await upstream(answer);
  const sessions = { max_kept_bytes_per_tenant: 1_048_576 };
  const running = await startForTest({ ...through(base_url), tenants: TENANTS, sessions });
  const ask = (key: string) =>
    clientOf(running, key).task({ prompt: 'long '.repeat(80_000), model: 'small', stream: false });
  // Tasks are kept until they are answered, and while they come in pieces twice.
  const first = ask(KEYS.greedy);
  const finish = [await next()];
  await expect(ask(KEYS.greedy).result()).rejects.toMatchObject({
    code: 'EWINDOW',
    message: expect.stringContaining('the store of the sessions of this tenant is full'),
  });
  const other = ask(KEYS.modest);
  finish.push(await next());
  const seen = await scrape(running);
  expect(seen.sum('atp_session_store_refused_total', { limit: 'tenant' })).toBe(1);
  expect(seen.sum('atp_session_store_bytes', {})).toBeGreaterThan(800_000);
  for (const done of finish) done(200);
  expect([(await first.result()).text, (await other.result()).text]).toEqual(['Done.', 'Done.']);
});

test('connections of one tenant over plain HTTP do not take the places of others', async () => {
  const sessions = { max_http_connections_per_tenant: 1 };
  const running = await startForTest({ tenants: TENANTS, sessions });
  let count = 0;
  const open = (key: string): ReturnType<typeof call> => {
    count += 1;
    const hello = {
      ...{
        v: 1,
        session_id: `a-session-of-16-characters-${count}`,
        stream_id: '0',
        msg_seq: 0,
        flags: ['SYN', 'CTRL'],
      },
      payload: { type: 'control.hello', content: {} },
    };
    return call(`${running.url}/v1/streams`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(hello),
    });
  };
  expect((await open(KEYS.greedy)).status).toBe(201);
  const refused = await open(KEYS.greedy);
  expect([refused.status, errorOf(refused).message]).toEqual([
    503,
    expect.stringContaining('The tenant has 1 connections'),
  ]);
  expect((await open(KEYS.modest)).status).toBe(201);
  const seen = await scrape(running);
  expect(seen.sum('atp_http_frame_connections_refused_total', { limit: 'tenant' })).toBe(1);
  expect(seen.sum('atp_http_frame_connections', {})).toBe(2);
});
