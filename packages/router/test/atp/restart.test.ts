import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SessionStore, sqliteSessionStore, systemClock } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
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
  const options = { path: join(dir, 'kept.sqlite'), seal_key: Buffer.alloc(32, 7), fsync: 'interval' } as const;
  const store = sqliteSessionStore({ ...options, clock: systemClock, on_problem: () => undefined });
  const hub = openSessionHub(running.router.engine, 'node-a', {
    kept: keptSessions(wrap(store), running.router.ledger),
  });
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
  for (const name of ['journal', 'seal.key', 'node.id', 'kept.sqlite', 'kept.sqlite-wal']) {
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
  const { base_url, seen } = await upstream(answer);
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
  expect(seen.length).toBe(1);
});

test('a task that was kept and not begun is done by the successor, once', async () => {
  let keptTask: () => void = () => undefined;
  const task = new Promise<void>((resolve) => {
    keptTask = resolve;
  });
  // The process dies between the commit and what follows from it.
  const dying = (store: SessionStore): SessionStore => ({
    ...bound(store),
    save: (session, changes, done) => {
      const is_task = changes.some((change) => 'put' in change && change.put === 'inbox');
      store.save(session, changes, is_task ? keptTask : done);
    },
  });
  const first = await nodeIn(dataDir(), {}, dying);
  const client = await connected(first.hub);
  const stream = client.ask({ prompt: 'Hi', model: 'small' });
  await task;
  const second = await nodeIn(imageOf(first.dir), {});
  client.moveTo(second.hub);
  client.connect();
  const payloads = await client.answer(stream);
  expect(payloads.at(-1)?.type).toBe('agent.result.final');
  expect(payloads.map(({ seq }) => seq)).toEqual(payloads.map((_, i) => i));
  expect((await second.running.router.ledger.usage.list({}, { limit: 10 })).rows.length).toBe(1);
});

test('an answer that was complete and not received comes from the successor, each message once', async () => {
  const idle = new Idle();
  const first = await nodeIn(dataDir(), {}, (store) => idle.watch(store));
  const client = await connected(first.hub);
  const stream = client.ask({ prompt: 'Say something longer.', model: 'small' });
  await client.until(() => client.delivered(stream).length > 0);
  client.drop();
  await idle.reached();
  const second = await nodeIn(imageOf(first.dir), {});
  client.moveTo(second.hub);
  client.connect();
  const payloads = await client.answer(stream);
  expect(payloads.map(({ seq }) => seq)).toEqual(payloads.map((_, i) => i));
  expect(payloads.at(-1)?.type).toBe('agent.result.final');
});

test('what cannot be kept is not acknowledged: the session ends, and no call is made', async () => {
  const full = new AtpError('backpressure', 'The store is full.');
  const first = await nodeIn(dataDir(), {}, (store) => ({
    ...bound(store),
    save: (session, changes, done) => {
      if (changes.some((change) => 'put' in change && change.put === 'inbox')) queueMicrotask(() => done(full));
      else store.save(session, changes, done);
    },
  }));
  const client = await connected(first.hub);
  client.ask({ prompt: 'Hi', model: 'small' });
  await client.until(() => client.effects.some(({ type }) => type === 'closed'));
  expect(client.effects.some(({ type }) => type === 'acknowledged')).toBe(false);
  expect(client.effects.at(-1)).toMatchObject({ type: 'closed', error: { content: { code: 'EWINDOW' } } });
  expect(first.hub.size).toBe(0);
});

function bound(store: SessionStore): SessionStore {
  return {
    save: (...args) => store.save(...args),
    disconnected: (...args) => store.disconnected(...args),
    drop: (...args) => store.drop(...args),
    load: () => store.load(),
    usage: () => store.usage(),
    close: () => store.close(),
  };
}

/** Knows when the last message of an answer is kept, and nothing waits to be kept. */
class Idle {
  #open = 0;
  #is_complete = false;
  #waiting: (() => void)[] = [];

  watch(store: SessionStore): SessionStore {
    const save: SessionStore['save'] = (session, changes, done) => {
      this.#open += 1;
      store.save(session, changes, (failure) => {
        this.#open -= 1;
        this.#is_complete ||= changes.some((change) => 'put' in change && change.put === 'outbox' && change.fin);
        done(failure);
        if (this.#is_idle) for (const resolve of this.#waiting.splice(0)) resolve();
      });
    };
    return { ...bound(store), save };
  }

  get #is_idle(): boolean {
    return this.#open === 0 && this.#is_complete;
  }

  reached(): Promise<void> {
    return this.#is_idle ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
