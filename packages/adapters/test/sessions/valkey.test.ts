import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FoundSession, type SessionElsewhere, SESSION_STORE_LIMITS } from '../../src/sessions/index.ts';
import { Codec } from '../../src/sessions/valkey/codec.ts';
import { ValkeyLink } from '../../src/sessions/valkey/link.ts';
import { keptSession, putIn, putSession, saved } from '../../src/suites/index.ts';
import { findValkey, ValkeyServer } from '../../src/testing/index.ts';
import { SEAL_KEY, valkeyStore } from './support/valkey-stores.ts';

const session = keptSession(1);
const only = (found: readonly SessionElsewhere[]): SessionElsewhere => {
  expect(found).toHaveLength(1);
  return found[0] as SessionElsewhere;
};
const number = (found: FoundSession | undefined): number | undefined => found?.snapshot.session.control_seq;

describe.skipIf(findValkey() === undefined)('sessions on a server', () => {
  let server: ValkeyServer;
  let groups = 0;
  /** Stores of routers that share what no other test has. */
  const group = async (...owners: readonly string[]) => {
    groups += 1;
    const prefix = `group${groups}`;
    const stores = owners.map((owner) => ({ ...valkeyStore(server, { prefix, owner }), lost: [] as string[] }));
    for (const { store, shared, lost } of stores) {
      await store.load();
      shared.onLost(({ born }) => lost.push(born));
    }
    return { prefix, stores };
  };
  beforeAll(async () => {
    server = await ValkeyServer.start();
  });
  afterAll(() => server.stop());

  test('are sealed, and every key of them expires', async () => {
    const { prefix, stores } = await group('a');
    await saved(stores[0]?.store as never, session, [putSession(1), putIn('1', 0)]);
    const keys = server.ask('KEYS', `${prefix}:*`).split('\n');
    expect(keys.sort()).toHaveLength(4);
    for (const key of keys) {
      if (!key.endsWith(':counter')) expect(Number(server.ask('PTTL', key))).toBeGreaterThan(60_000);
    }
    const text = server.ask('HGETALL', `${prefix}:1:s:born-1`);
    expect(text).toContain('i:inbox 0/');
    expect(text).not.toContain('message 0');
    expect(text).not.toContain(Buffer.from('message 0').toString('base64').slice(1, 8));
  });

  test('belong to one router: who had it before is refused, is told once, and changes nothing', async () => {
    const { stores } = await group('a', 'b');
    const [a, b] = stores as [(typeof stores)[0], (typeof stores)[0]];
    await saved(a.store, session, [putSession(1), putIn('1', 0)]);
    expect(await b.shared.find(session.session_id, 'other')).toEqual([]);
    const taken = await b.shared.take(only(await b.shared.find(session.session_id, undefined)));
    expect(taken?.session).toEqual(session);
    expect(taken?.snapshot.inbox).toHaveLength(1);
    const late = [saved(a.store, session, [putSession(2)]), saved(a.store, session, [putSession(3)])];
    for (const one of late) await expect(one).rejects.toThrow(/at another router now/);
    expect(a.lost).toEqual(['born-1']);
    a.store.drop(session);
    a.store.disconnected(session, 1);
    await saved(b.store, session, [putSession(4)]);
    expect(await b.shared.find(session.session_id, 'acme')).toEqual([]);
    expect(number(only(await a.shared.find(session.session_id, 'acme')))).toBe(4);
    expect([a.store.usage().moved, b.store.usage().moved]).toEqual([
      { in: 0, out: 1 },
      { in: 1, out: 0 },
    ]);
    // And back again, to one that has forgotten it.
    expect(number(await a.shared.take(only(await a.shared.find(session.session_id, 'acme'))))).toBe(4);
    await expect(b.shared.begin(session, '1')).rejects.toThrow(/at another router now/);
    expect(b.lost).toEqual(['born-1']);
  });

  test('are one taker’s when many want one at once', async () => {
    const { stores } = await group('a', 'b', 'c', 'd');
    const [a, ...others] = stores;
    await saved(a?.store as never, session, [putSession(1)]);
    const found = await Promise.all(others.map(({ shared }) => shared.find(session.session_id, 'acme')));
    const taken = await Promise.all(others.map(({ shared }, n) => shared.take(only(found[n] ?? []))));
    expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
  });

  test('never lose what was told as kept, and never keep what an earlier owner wrote (property)', async () => {
    const step = fc.record({ who: fc.nat(2), what: fc.constantFrom('take', 'save', 'save', 'save', 'two') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { stores } = await group('a', 'b', 'c');
        let [owner, kept, next] = [0, 0, 1];
        await saved(stores[0]?.store as never, session, [putSession(0)]);
        const has = new Set([0]);
        for (const { who, what } of steps) {
          const { store, shared } = stores[who] as (typeof stores)[0];
          if (what === 'take') {
            const found = await shared.find(session.session_id, 'acme');
            expect(found).toHaveLength(who === owner ? 0 : 1);
            if (who === owner) continue;
            expect(number(await shared.take(only(found)))).toBe(kept);
            owner = who;
            has.add(who);
            continue;
          }
          // One that never had it, or has learned that it lost it, would not write.
          if (!has.has(who)) continue;
          const numbers = what === 'two' ? [next, next + 1] : [next];
          next += numbers.length;
          const results = await Promise.allSettled(numbers.map((one) => saved(store, session, [putSession(one)])));
          const are_kept = results.map(({ status }) => status === 'fulfilled');
          expect(are_kept).toEqual(numbers.map(() => who === owner));
          if (who === owner) kept = numbers.at(-1) as number;
          else has.delete(who);
        }
        const other = stores[(owner + 1) % 3];
        expect(number(only((await other?.shared.find(session.session_id, 'acme')) ?? []))).toBe(kept);
        await Promise.all(stores.map(({ store }) => store.close()));
      }),
      { numRuns: 15 },
    );
  });

  test('have their work begun by one router, and begun anew after its first message was consumed', async () => {
    const { stores } = await group('a', 'b');
    const [a, b] = stores as [(typeof stores)[0], (typeof stores)[0]];
    await saved(a.store, session, [putSession(1), putIn('1', 0), putIn('3', 0)]);
    expect(await a.shared.begin(session, '1')).toBe(true);
    expect(await a.shared.begin(session, '1')).toBe(false);
    const taken = await b.shared.take(only(await b.shared.find(session.session_id, 'acme')));
    // The note is none of its items.
    expect(taken?.snapshot.inbox).toHaveLength(2);
    expect(await b.shared.begin(session, '1')).toBe(false);
    expect(await b.shared.begin(session, '3')).toBe(true);
    await saved(b.store, session, [
      { drop: 'inbox', id: { lane: { stream_id: '1', persona_id: '', clone_id: '' }, msg_seq: 0 } },
    ]);
    expect(await b.shared.begin(session, '1')).toBe(true);
  });

  test('learn of their loss also when nothing of them changes', async () => {
    const { stores } = await group('a', 'b');
    const [a, b] = stores as [(typeof stores)[0], (typeof stores)[0]];
    await saved(a.store, session, [putSession(1)]);
    await b.shared.take(only(await b.shared.find(session.session_id, 'acme')));
    await (a.store as unknown as { renew(): Promise<void> }).renew();
    expect(a.lost).toEqual(['born-1']);
    await (b.store as unknown as { renew(): Promise<void> }).renew();
    expect(b.lost).toEqual([]);
  });

  test('are not written by a batch that comes after a later one', async () => {
    const { prefix, stores } = await group('a');
    const [a] = stores as [(typeof stores)[0]];
    for (const n of [1, 2, 3]) await saved(a.store, session, [putSession(n)]);
    const codec = new Codec(prefix, 'a', SEAL_KEY);
    const link = new ValkeyLink({ url: server.url(), wait_replicas: 0, timeout_ms: 5_000 });
    const mine = { session, epoch: 1, sealer: codec.sealerOf(session), is_stored: true, ttl_ms: 60_000 };
    const call = codec.save({ born: 'born-1', is_dropped: false, items: new Map(), session }, mine, 2, 0);
    expect(await link.run([call])).toEqual([{ value: 'late' }]);
    link.close();
  });

  test('of another key are left alone, and that is told once', async () => {
    const { prefix, stores } = await group('a');
    await saved(stores[0]?.store as never, session, [putSession(1)]);
    const other = valkeyStore(server, { prefix, owner: 'b', seal_key: Buffer.alloc(32, 8) });
    await other.store.load();
    for (let i = 0; i < 2; i += 1) expect(await other.shared.find(session.session_id, 'acme')).toEqual([]);
    expect(other.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/need the same key/)]);
  });

  test('of a router that starts with a wrong key are there for its next start with the right one', async () => {
    const { prefix, stores } = await group('a');
    const [a] = stores as [(typeof stores)[0]];
    await saved(a.store, session, [putSession(3)]);
    await a.store.close();
    const wrong = valkeyStore(server, { prefix, seal_key: Buffer.alloc(32, 8) });
    expect(await wrong.store.load()).toEqual([]);
    await wrong.store.close();
    const right = valkeyStore(server, { prefix });
    expect((await right.store.load()).map(number)).toEqual([3]);
    expect(wrong.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/need the same key/)]);
  });

  test('that the server has lost leave nothing in its indexes when they end', async () => {
    const { prefix, stores } = await group('a');
    const [a] = stores as [(typeof stores)[0]];
    await saved(a.store, session, [putSession(1)]);
    await saved(a.store, keptSession(2), [putSession(1)]);
    server.ask('DEL', `${prefix}:1:s:born-1`);
    a.store.drop(session);
    await saved(a.store, keptSession(2), [putSession(2)]);
    expect(server.ask('ZRANGE', `${prefix}:1:o:a`, '0', '-1')).toBe('born-2');
    expect(server.ask('KEYS', `${prefix}:1:n:*`).split('\n')).toHaveLength(1);
  });

  test('that were made another tenant’s on the server cannot be opened', async () => {
    const { prefix, stores } = await group('a', 'b');
    await saved(stores[0]?.store as never, session, [putSession(1)]);
    server.ask('HSET', `${prefix}:1:s:born-1`, '@tenant', 'other');
    expect(await stores[1]?.shared.find(session.session_id, undefined)).toEqual([]);
  });

  test('are written again when the server has forgotten the scripts', async () => {
    const { stores } = await group('a');
    const [a] = stores as [(typeof stores)[0]];
    await saved(a.store, session, [putSession(1)]);
    server.ask('SCRIPT', 'FLUSH');
    await saved(a.store, session, [putSession(2)]);
    expect(a.problems).toEqual([]);
  });

  test('are limited to the room that a router gives them', async () => {
    const { prefix } = await group();
    const limits = { ...SESSION_STORE_LIMITS, sessions: 1 };
    const [a, b] = ['a', 'b'].map((owner) => valkeyStore(server, { prefix, owner, limits }));
    for (const one of [a, b]) await one?.store.load();
    await saved(a?.store as never, session, [putSession(1)]);
    await saved(b?.store as never, { ...keptSession(2), tenant: 'other' }, [putSession(1)]);
    const found = only((await b?.shared.find(session.session_id, 'acme')) ?? []);
    await expect(b?.shared.take(found)).rejects.toMatchObject({ code: 'backpressure' });
    // It is still the other's.
    await saved(a?.store as never, session, [putSession(2)]);
  });
});
