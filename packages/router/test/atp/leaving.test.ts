import { AtpClient } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { through, upstream } from '../admin/upstream.ts';
import { held } from '../http/support.ts';

/** Messages of clients that were handed on. */
async function delivered({ router }: Running): Promise<number> {
  const text = await router.metrics.render();
  return Number(/^atp_messages_total\{(?=.*outcome="delivered")(?=.*way="in").*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

function clientOf({ url }: Pick<Running, 'url'>): AtpClient {
  const client = new AtpClient({ url, key: TENANT_KEY, reconnect: { base_ms: 1, cap_ms: 5 } });
  onTestFinished(() => client.close());
  return client;
}

const ASK = { prompt: 'Hi', model: 'small', stream: false };

/** A router that has been told to stop while it works on a task; `before` is what it had been given until then. */
async function stopping() {
  const { answer, next } = held();
  const { base_url, seen } = await upstream(answer);
  const dir = dataDir();
  const first = await start({ config: configOf(dir, through(base_url)) });
  const { port } = first.router.server.address;
  const client = clientOf(first);
  const running = client.task(ASK);
  const finish = await next();
  const before = await delivered(first);
  const stopped = first.stop();
  const successor = async () => {
    const second = await start({ config: configOf(dir, { ...through(base_url), listen: { port } }) });
    onTestFinished(() => second.stop());
    return second;
  };
  return { ...{ first, successor, client, running, finish }, ...{ next, seen, before, stopped } };
}

test('a task that comes while the router stops is done by its successor, once, and what runs is answered before', async () => {
  const { first, successor, client, running, finish, next, seen, before, stopped } = await stopping();
  const late = [client.task(ASK), client.task(ASK)];
  await expect.poll(() => delivered(first)).toBe(before + late.length);
  expect(seen).toHaveLength(1);
  finish(200);
  expect((await running.result()).text).toBe('Done.');
  await stopped;
  const second = await successor();
  for (const task of late) {
    (await next())(200);
    expect((await task.result()).text).toBe('Done.');
  }
  expect(seen).toHaveLength(1 + late.length);
  const rows = (await second.router.ledger.usage.list({}, { limit: 10 })).rows;
  expect(rows.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
});

test('one that its client takes back meanwhile is begun by nobody', async () => {
  const { first, successor, client, running, finish, next, seen, before, stopped } = await stopping();
  const late = client.task(ASK);
  const refused = late.result().catch(() => 'taken back');
  await expect.poll(() => delivered(first)).toBe(before + 1);
  late.cancel();
  expect(await refused).toBe('taken back');
  finish(200);
  await running.result();
  await stopped;
  await successor();
  const last = client.task(ASK);
  (await next())(200);
  expect((await last.result()).text).toBe('Done.');
  expect(seen).toHaveLength(2);
});

test('where sessions end with the router, it is refused at once', async () => {
  const { answer, next } = held();
  const { base_url } = await upstream(answer);
  const config = configOf(dataDir(), { ...through(base_url), sessions: { keep: false } });
  const running = await start({ config });
  const client = clientOf(running);
  const task = client.task(ASK);
  const finish = await next();
  const stopped = running.stop();
  await expect(client.task(ASK).result()).rejects.toMatchObject({ code: 'EDRAINING' });
  finish(200);
  await task.result();
  await stopped;
});
