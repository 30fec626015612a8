import { randomUUID } from 'node:crypto';
import { type SessionStore, systemClock, valkeySessionStore } from '@atp-router/adapters';
import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { expect, onTestFinished, test } from 'vitest';
import { keptSessions, openSessionHub } from '../../src/atp/open-hub.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import { startForTest } from '../admin/harness.ts';
import { HubClient } from './client.ts';

const ACME = { tenant: 'acme', key_id: 'k1' };
const OVER = { type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } };

/** A router whose sessions are on this server; `wrap` stands before its store. */
async function hubOn(
  server: ValkeyServer,
  wrap: (store: SessionStore) => SessionStore = (store) => store,
): Promise<SessionHub> {
  const { router } = await startForTest();
  const store = valkeySessionStore({
    ...{ url: server.url(), prefix: 'atp', owner: randomUUID(), seal_key: Buffer.alloc(32, 7), wait_replicas: 0 },
    ...{ clock: systemClock, on_problem: () => undefined },
  });
  const hub = openSessionHub(router.engine, 'node', { kept: keptSessions(wrap(store), router.ledger) });
  await hub.restore();
  onTestFinished(async () => {
    hub.abortAll(OVER);
    await store.close();
  });
  return hub;
}

/** The store, of which one question is answered when `go` is called. */
function held(store: SessionStore, question: 'find' | 'take') {
  let [go, asked] = [(): void => undefined, (): void => undefined];
  const gate = new Promise<void>((resolve) => (go = resolve));
  const was_asked = new Promise<void>((resolve) => (asked = resolve));
  const shared = store.shared as NonNullable<SessionStore['shared']>;
  const late = async <T>(answer: Promise<T>): Promise<T> => {
    const known = await answer;
    asked();
    await gate;
    return known;
  };
  const wrapped: SessionStore = {
    load: () => store.load(),
    save: (...of) => store.save(...of),
    disconnected: (...of) => store.disconnected(...of),
    drop: (session) => store.drop(session),
    usage: () => store.usage(),
    close: () => store.close(),
    shared: {
      find: (...of) => (question === 'find' ? late(shared.find(...of)) : shared.find(...of)),
      take: (one) => (question === 'take' ? late(shared.take(one)) : shared.take(one)),
      begin: (...of) => shared.begin(...of),
      onLost: (listener) => shared.onLost(listener),
    },
  };
  return { wrapped, was_asked, go: () => go() };
}

test.skipIf(findValkey() === undefined).each(['find', 'take'] as const)(
  'a router that stops amid %s takes no session; its client is not refused, and has it at the next router',
  async (question) => {
    const server = await ValkeyServer.start();
    onTestFinished(() => server.stop());
    const first = await hubOn(server);
    const client = new HubClient(first, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    let [was_asked, go] = [Promise.resolve(), (): void => undefined];
    const stopping = await hubOn(server, (store) => {
      const gated = held(store, question);
      [was_asked, go] = [gated.was_asked, gated.go];
      return gated.wrapped;
    });
    client.moveTo(stopping);
    client.connect();
    await was_asked;
    stopping.leave();
    stopping.suspend();
    const came = client.came.length;
    go();
    await client.until(() => !client.is_connected);
    expect(client.came.slice(came)).toEqual([]);
    expect(stopping.size).toBe(0);
    const third = await hubOn(server);
    client.moveTo(third);
    client.connect();
    const stream = client.ask({ prompt: 'Hi', model: 'small' });
    expect((await client.answer(stream)).at(-1)?.type).toBe('agent.result.final');
    expect(third.size).toBe(1);
  },
);
