import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keptSession, putIn, putSession, saved } from '../../src/suites/index.ts';
import { findValkey, ValkeyServer, type ValkeyServerOptions } from '../../src/testing/index.ts';
import { makeCertificates } from '../http/support/certificates.ts';
import { tempDir } from './support/stores.ts';
import { valkeyStore } from './support/valkey-stores.ts';

const [session, other] = [keptSession(1), keptSession(2)];

async function serverFor(options: ValkeyServerOptions = {}): Promise<ValkeyServer> {
  const server = await ValkeyServer.start(options);
  onTestFinished(() => server.stop());
  return server;
}

const messages = (problems: readonly Error[]): string[] => problems.map(({ message }) => message);

describe.skipIf(findValkey() === undefined)('a server of sessions', { timeout: 60_000 }, () => {
  test('that is not there keeps the router from starting, and says so without the password', async () => {
    const server = await serverFor();
    await server.halt();
    const { store } = valkeyStore(server, { url: server.url(0, 'router:hunter2') });
    const failure = await store.load().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'config_invalid', param: 'sessions.store.url' });
    expect((failure as Error).message).toMatch(/nothing listens there \(ECONNREFUSED\)/);
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('hunter2');
  });

  test('that does not accept the password keeps the router from starting', async () => {
    const server = await serverFor({ args: ['--requirepass', 'right'] });
    for (const [user, message] of [
      [':hunter2', /WRONGPASS/],
      ['', /NOAUTH/],
    ] as const) {
      const { store } = valkeyStore(server, { url: server.url(0, user) });
      const failure = await store.load().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(message) });
      expect(JSON.stringify(failure)).not.toContain('hunter2');
      expect((failure as Error).cause).toBeUndefined();
    }
    const good = valkeyStore(server, { url: server.url(0, ':right') });
    expect(await good.store.load()).toEqual([]);
  });

  test('needs to give its user the rights that the documents name, and no others', async () => {
    const page = readFileSync(new URL('../../../../docs/operations/sessions.md', import.meta.url), 'utf8');
    const rights = /ACL SETUSER router on >PASSWORD (.*)/.exec(page)?.[1] ?? '';
    const server = await serverFor();
    server.ask('ACL', 'SETUSER', 'router', 'on', '>secret', ...rights.split(' '));
    const { store, shared, problems } = valkeyStore(server, { url: server.url(0, 'router:secret'), wait_replicas: 0 });
    await store.load();
    await saved(store, session, [putSession(1), putIn('1', 0)]);
    expect(await shared.begin(session, '1')).toBe(true);
    expect(await shared.find('no-such-session', undefined)).toEqual([]);
    await store.close();
    const next = valkeyStore(server, { url: server.url(0, 'router:secret') });
    expect(await next.store.load()).toHaveLength(1);
    next.store.drop(session);
    await next.store.close();
    expect(server.ask('KEYS', 'atp:1:s:*')).toBe('');
    expect([...problems, ...next.problems]).toEqual([]);
  });

  test('that is no TLS is not spoken to in clear', async () => {
    const server = await serverFor();
    const { store } = valkeyStore(server, { url: server.url().replace('redis:', 'rediss:') });
    await expect(store.load()).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('over TLS shows a certificate that the CA has signed, or is not used', async () => {
    const { ca, server: identity } = makeCertificates();
    const dir = tempDir();
    writeFileSync(join(dir, 'cert.pem'), identity.cert);
    writeFileSync(join(dir, 'key.pem'), identity.key, { mode: 0o600 });
    const files = ['--tls-cert-file', join(dir, 'cert.pem'), '--tls-key-file', join(dir, 'key.pem')];
    const server = await serverFor({
      args: (port) => ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', 'no'],
    });
    const url = server.url().replace('redis:', 'rediss:');
    await expect(valkeyStore(server, { url }).store.load()).rejects.toThrow(/UNABLE_TO_VERIFY_LEAF_SIGNATURE/);
    const { store } = valkeyStore(server, { url, ca: ca.cert });
    await store.load();
    await saved(store, session, [putSession(1)]);
  });

  test('that is part of a cluster is refused; one that evicts is complained about', async () => {
    const cluster = await serverFor({ args: ['--cluster-enabled', 'yes'] });
    await expect(valkeyStore(cluster).store.load()).rejects.toThrow(/cluster, which is not supported/);
    const evicting = await serverFor({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const { store, problems } = valkeyStore(evicting);
    await store.load();
    expect(messages(problems)).toEqual([expect.stringMatching(/allkeys-lru.*Set noeviction/)]);
  });

  test('that is killed and comes back with its data: saves wait for it, in their order', async () => {
    const server = await serverFor({ is_persistent: true });
    const { store, problems } = valkeyStore(server);
    await store.load();
    await saved(store, session, [putSession(1)]);
    await server.halt();
    const order: number[] = [];
    const waiting = [2, 3, 4].map(async (n) => {
      await saved(store, session, [putSession(n), putIn('1', n)]);
      order.push(n);
    });
    await server.resume();
    await Promise.all(waiting);
    expect(order).toEqual([2, 3, 4]);
    expect(problems).toEqual([]);
    await store.close();
    const next = valkeyStore(server);
    const [found] = await next.store.load();
    expect(found?.snapshot.session.control_seq).toBe(4);
    expect(found?.snapshot.inbox).toHaveLength(3);
  });

  test('that comes back empty ends the sessions that were there, and takes new ones', async () => {
    const server = await serverFor();
    const { store, problems } = valkeyStore(server);
    await store.load();
    await saved(store, session, [putSession(1)]);
    await server.halt();
    await server.resume();
    await expect(saved(store, session, [putSession(2)])).rejects.toMatchObject({ code: 'internal_error' });
    expect(messages(problems)).toEqual([expect.stringMatching(/not on the server .* any more/)]);
    await saved(store, other, [putSession(1)]);
  });

  test('that stands still: saves fail when their time is over, and what comes later goes over another connection', async () => {
    const server = await serverFor();
    const { store, problems } = valkeyStore(server, { timeout_ms: 300 });
    await store.load();
    await saved(store, session, [putSession(1)]);
    server.freeze();
    const both = [saved(store, session, [putSession(2)]), saved(store, session, [putSession(3)])];
    for (const one of both) await expect(one).rejects.toMatchObject({ code: 'internal_error' });
    server.thaw();
    await expect(saved(store, session, [putSession(4)])).rejects.toThrow(/not kept any more/);
    await saved(store, other, [putSession(1)]);
    expect(messages(problems)).toEqual([expect.stringMatching(/within 300 ms: it does not answer/)]);
    // What has not failed is there as a whole.
    await store.close();
    expect(await valkeyStore(server).store.load()).toHaveLength(2);
  });

  test('that is away for longer: questions fail in their time, too, and nothing is left hanging', async () => {
    const server = await serverFor();
    const { store, shared } = valkeyStore(server, { timeout_ms: 200 });
    await store.load();
    await saved(store, session, [putSession(1)]);
    await server.halt();
    await expect(shared.find(session.session_id, 'acme')).rejects.toMatchObject({ code: 'internal_error' });
    await expect(shared.begin(session, '1')).rejects.toMatchObject({ code: 'internal_error' });
    store.drop(session);
    await store.close();
    await expect(shared.begin(session, '1')).rejects.toBeDefined();
  });

  test('whose memory is full refuses what is new as a store without room, and still forgets', async () => {
    const server = await serverFor();
    const { store, shared, problems } = valkeyStore(server);
    await store.load();
    await saved(store, session, [putSession(1), putIn('1', 0)]);
    await saved(store, other, [putSession(1), putIn('1', 0)]);
    server.ask('CONFIG', 'SET', 'maxmemory', '1');
    await expect(saved(store, session, [putIn('1', 1)])).rejects.toMatchObject({ code: 'backpressure' });
    expect(store.usage().refused.all).toBe(1);
    expect(messages(problems)).toEqual([expect.stringMatching(/no memory left \(OOM\)/)]);
    const lane = { stream_id: '1', persona_id: '', clone_id: '' };
    await saved(store, other, [{ drop: 'inbox', id: { lane, msg_seq: 0 } }]);
    store.drop(session);
    await store.close();
    server.ask('CONFIG', 'SET', 'maxmemory', '0');
    const next = valkeyStore(server);
    const found = await next.store.load();
    expect(found.map((one) => [one.session.born, one.snapshot.inbox.length])).toEqual([['born-2', 0]]);
    expect(await shared.begin(other, '1').catch(() => 'closed')).toBe('closed');
  });

  test('without the replicas that are asked for keeps nothing; with them it does', async () => {
    const server = await serverFor();
    const { store, problems } = valkeyStore(server, { wait_replicas: 1, timeout_ms: 400 });
    await store.load();
    await expect(saved(store, session, [putSession(1)])).rejects.toMatchObject({ code: 'internal_error' });
    expect(messages(problems)).toEqual([expect.stringMatching(/too few replicas/)]);
    await serverFor({ args: ['--replicaof', `127.0.0.1 ${server.port}`, '--repl-diskless-sync-delay', '0'] });
    server.ask('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
    const patient = valkeyStore(server, { wait_replicas: 1, timeout_ms: 30_000, owner: 'b' });
    await patient.store.load();
    await saved(patient.store, other, [putSession(1)]);
  });

  test('without the replicas that are asked for still lets no session expire that is in use', async () => {
    const server = await serverFor();
    const replica = await serverFor({ args: ['--replicaof', `127.0.0.1 ${server.port}`] });
    server.ask('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
    let now_ms = Date.now();
    const clock = { now_ms: () => now_ms, mono_ms: () => now_ms };
    const { store } = valkeyStore(server, { wait_replicas: 1, timeout_ms: 30_000, clock });
    await store.load();
    // More than one sign of life has.
    const all = Array.from({ length: 130 }, (_, n) => keptSession(n + 1));
    await Promise.all(all.map((one) => saved(store, one, [putSession(1)])));
    await replica.stop();
    now_ms += 1_000;
    await (store as unknown as { renew(): Promise<void> }).renew();
    const told = all.map(({ born }) => server.ask('HGET', `atp:1:s:${born}`, '@at'));
    expect(new Set(told)).toEqual(new Set([String(now_ms)]));
  });
});
