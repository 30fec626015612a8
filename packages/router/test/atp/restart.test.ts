import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SessionStore, sqliteSessionStore, systemClock } from '@atp-router/adapters';
import { expect, onTestFinished, test } from 'vitest';
import { keptSessions, openSessionHub } from '../../src/atp/open-hub.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import { configOf, dataDir, type Running, start } from '../admin/harness.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { HubClient } from './client.ts';

const ACME = { tenant: 'acme', key_id: 'k1' };
const OVER = { type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } };

interface Node {
  readonly dir: string;
  readonly running: Running;
  readonly store: SessionStore;
  readonly hub: SessionHub;
  readonly restored: number;
}

/** A router with its sessions in its data directory; `wrap` stands before its store. */
async function nodeIn(
  dir: string,
  more: Readonly<Record<string, unknown>>,
  wrap: (store: SessionStore) => SessionStore = (store) => store,
): Promise<Node> {
  const running = await start({ config: configOf(dir, more) });
  const options = { path: join(dir, 'sessions.sqlite'), seal_key: Buffer.alloc(32, 7), fsync: 'interval' } as const;
  const store = sqliteSessionStore({ ...options, clock: systemClock, on_problem: () => undefined });
  const hub = openSessionHub(
    running.router.engine,
    'node-a',
    undefined,
    keptSessions(wrap(store), running.router.ledger),
  );
  onTestFinished(async () => {
    hub.abortAll(OVER);
    await store.close();
    await running.stop();
  });
  return { dir, running, store, hub, restored: await hub.restore() };
}

/** What `kill -9` would leave now: everything that was written. The tables are made anew from the journal. */
function imageOf(dir: string): string {
  const image = join(dataDir(), 'image');
  mkdirSync(image, { mode: 0o700 });
  for (const name of ['journal', 'seal.key', 'node.id', 'sessions.sqlite', 'sessions.sqlite-wal']) {
    cpSync(join(dir, name), join(image, name), { recursive: true });
  }
  return image;
}

async function connected(hub: SessionHub): Promise<HubClient> {
  const client = new HubClient(hub, ACME);
  client.connect();
  await client.until(() => client.session.phase === 'open');
  return client;
}

test('a task that was being worked on is told as interrupted, and not done again', async () => {
  const { answer } = endless();
  const { base_url, ...served } = await upstream(answer);
  const first = await nodeIn(dataDir(), through(base_url));
  const client = await connected(first.hub);
  const stream = client.ask({ prompt: 'Hi', model: 'small' });
  await client.until(() => client.delivered(stream).length > 1);
  const second = await nodeIn(imageOf(first.dir), through(base_url));
  expect(second.restored).toBe(1);
  client.moveTo(second.hub);
  client.connect();
  const payloads = await client.answer(stream);
  expect(payloads.at(-1)).toMatchObject({ type: 'error', content: { code: 'EAGENTDOWN' } });
  expect(client.effects.filter((effect) => effect.type === 'failed')).toEqual([]);
  void served;
});
