import assert from 'node:assert/strict';
import type { Clock } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import type { FoundSession, KeptSession, SessionStore, SessionStoreLimits } from '../sessions/index.ts';
import {
  idOf,
  idsOf,
  keptSession,
  laneOf,
  putIn,
  putLost,
  putLane,
  putNumbers,
  putOut,
  putPiece,
  putReset,
  putSession,
  putStream,
  putUnseen,
  RESUME_TTL_MS,
  saved,
} from './session-samples.ts';
import { sharing } from './session-shares.ts';
import { type ManualClock, manualClock, type SuiteCase } from './suite.ts';

/** Where stores are one after the other, as those of a router that is restarted. Each case asks for its own. */
export interface SessionStoreBench {
  /** A store over what the one before it kept; that one has been closed, or left where it was. */
  open(clock: Clock, limits?: SessionStoreLimits): SessionStore;
}

/** What every `SessionStore` has to do. */
export function sessionStoreSuite(make: () => Promise<SessionStoreBench>): SuiteCase[] {
  const open = async (): Promise<Opened> => ({ clock: manualClock(), bench: await make() });
  const cases = [...keeping(open), ...keepingMany(open), ...forgetting(open), ...ending(open)];
  return [...cases, ...limiting(open), ...sharing(make)];
}

interface Opened {
  readonly clock: ManualClock;
  readonly bench: SessionStoreBench;
}

type Open = () => Promise<Opened>;

async function only(store: SessionStore): Promise<FoundSession> {
  const found = await store.load();
  assert.equal(found.length, 1);
  return found[0] as FoundSession;
}

function keeping(open: Open): SuiteCase[] {
  return [
    {
      name: 'gives a successor everything that was saved, as it was',
      async run() {
        const { clock, bench } = await open();
        const [store, session] = [bench.open(clock), keptSession(1)];
        assert.deepEqual(await store.load(), []);
        const changes = [
          ...[putSession(7), putLane(laneOf('1'), 3), putIn('1', 3), putOut('1', 1), putPiece('1', 4, 0)],
          ...[putNumbers(2, 9), putUnseen(3, 5), putStream('1', true), putReset('7'), putLost('1', 4)],
        ];
        await saved(store, session, changes);
        await store.close();
        const found = await only(bench.open(clock));
        assert.deepEqual(found.session, session);
        const [first, lane, inbox, outbox, piece, second, range, stream, reset, lost] = changes as never[];
        const { session: value, lanes, inbox: ins, outbox: outs, pieces } = found.snapshot;
        assert.deepEqual({ put: 'session', value }, first);
        assert.deepEqual([{ put: 'lane', value: lanes[0] }], [lane]);
        const arrivals = ins.map((arrival) => ({ put: 'inbox', ...arrival }));
        assert.deepEqual(new Set(arrivals), new Set([inbox, lost]));
        assert.deepEqual([{ put: 'outbox', ...outs[0] }], [outbox]);
        assert.deepEqual([{ put: 'piece', frame: pieces[0] }], [piece]);
        const { numbers, unseen, streams, resets } = found.snapshot;
        assert.deepEqual({ put: 'numbers', value: numbers }, second);
        assert.deepEqual([{ put: 'unseen', value: unseen[0] }], [range]);
        assert.deepEqual([{ put: 'stream', value: streams[0] }], [stream]);
        assert.deepEqual([{ put: 'reset', value: resets[0] }], [reset]);
      },
    },
    {
      name: 'takes each change as idempotent, and the last one of a thing for what it is',
      async run() {
        const { clock, bench } = await open();
        const [store, session] = [bench.open(clock), keptSession(1)];
        await store.load();
        const changes = [putSession(1), putSession(2), putLane(laneOf('1'), 0), putLane(laneOf('1'), 1), putIn('1', 1)];
        await saved(store, session, changes);
        await saved(store, session, changes);
        await saved(store, session, [
          { drop: 'inbox', id: idOf('1', 9) },
          putIn('1', 2),
          { drop: 'inbox', id: idOf('1', 2) },
        ]);
        await store.close();
        const found = await only(bench.open(clock));
        assert.equal(found.snapshot.session.control_seq, 2);
        assert.deepEqual(idsOf(found), { whole: [], lanes: ['1/1'], inbox: ['1/1'], outbox: [], pieces: [] });
      },
    },
  ];
}

function keepingMany(open: Open): SuiteCase[] {
  return [
    {
      name: 'tells of saves in their order, also of many at once, and has them all',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock);
        await store.load();
        const order: string[] = [];
        const all: Promise<void>[] = [];
        for (let n = 0; n < 10; n += 1) {
          for (let i = 0; i < 8; i += 1) {
            all.push(
              saved(store, keptSession(n), [putSession(i), putIn('1', i)]).then(() => void order.push(`${n}.${i}`)),
            );
          }
        }
        await Promise.all(all);
        for (let n = 0; n < 10; n += 1) {
          assert.deepEqual(
            order.filter((one) => one.startsWith(`${n}.`)),
            Array.from({ length: 8 }, (_, i) => `${n}.${i}`),
          );
        }
        await store.close();
        const found = await bench.open(clock).load();
        assert.deepEqual(
          found.map(({ session }) => session.born),
          Array.from({ length: 10 }, (_, n) => `born-${n}`),
        );
        for (const one of found) assert.equal(one.snapshot.inbox.length, 8);
      },
    },
    {
      name: 'keeps sessions of one name apart',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock);
        await store.load();
        const [first, second] = [keptSession(1), { ...keptSession(1), tenant: 'other', born: 'born-2' }];
        await saved(store, first, [putSession(1), putIn('1', 0)]);
        await saved(store, second, [putSession(2)]);
        await store.close();
        const found = await bench.open(clock).load();
        assert.deepEqual(
          found.map(({ session }) => session),
          [first, second],
        );
        assert.deepEqual(
          found.map(({ snapshot }) => snapshot.inbox.length),
          [1, 0],
        );
      },
    },
  ];
}

function forgetting(open: Open): SuiteCase[] {
  return [
    {
      name: 'drops a message, the pieces of one, a reset, and a stream but for what is not consumed of it',
      async run() {
        const { clock, bench } = await open();
        const [store, session] = [bench.open(clock), keptSession(1)];
        await store.load();
        const streams = ['1', '3'].flatMap((id) => [
          ...[putLane(laneOf(id), 0), putLane(laneOf(id, 'p'), 0), putIn(id, 0), putIn(id, 1), putOut(id, 0)],
          ...[putOut(id, 1), putPiece(id, 1, 0), putPiece(id, 1, 1), putPiece(id, 11, 0)],
          ...[putStream(id), putStream(id, true), putReset(id), putReset(`1${id}`)],
        ]);
        await saved(store, session, [putSession(1), ...streams, putUnseen(5, 9), putUnseen(5, 7), putUnseen(11, 11)]);
        const drops = (['inbox', 'outbox', 'pieces'] as const).map(
          (drop): StoredChange => ({ drop, id: idOf('1', 1) }),
        );
        await saved(store, session, [
          ...drops,
          { drop: 'stream', stream_id: '3' },
          { drop: 'reset', stream_id: '11' },
          { drop: 'unseen', from: 11 },
          { drop: 'unseen', from: 7 },
        ]);
        await store.close();
        const whole = ['reset 1', 'reset 13', 'reset 3', 'stream 1 ended', 'unseen 5 to 7'];
        const expected = {
          whole,
          lanes: ['1/0', '1p/0'],
          inbox: ['1/0', '3/0', '3/1'],
          outbox: ['1/0'],
          pieces: ['1/11.0'],
        };
        const next = bench.open(clock);
        assert.deepEqual(idsOf(await only(next)), expected);
        // A successor can drop what it has not put.
        await saved(next, session, [
          { drop: 'stream', stream_id: '1' },
          { drop: 'inbox', id: idOf('3', 1) },
          { drop: 'reset', stream_id: '13' },
          { drop: 'unseen', from: 5 },
        ]);
        await next.close();
        assert.deepEqual(idsOf(await only(bench.open(clock))), {
          whole: ['reset 1', 'reset 3'],
          lanes: [],
          inbox: ['1/0', '3/0'],
          outbox: [],
          pieces: [],
        });
      },
    },
  ];
}

function ending(open: Open): SuiteCase[] {
  return [
    {
      name: 'forgets a session that is dropped, or has dropped itself',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock);
        await store.load();
        for (const n of [1, 2, 3]) await saved(store, keptSession(n), [putSession(n), putIn('1', 0)]);
        store.drop(keptSession(1));
        await saved(store, keptSession(2), [{ drop: 'session' }]);
        await store.close();
        assert.equal((await only(bench.open(clock))).session.born, 'born-3');
      },
    },
    {
      name: 'knows since when a session has had no connection, and drops it when its time is over',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock);
        await store.load();
        const since_ms = clock.now_ms();
        for (const n of [1, 2, 3]) await saved(store, keptSession(n), [putSession(n)]);
        await saved(store, keptSession(4), [putSession(4, { agreed: undefined } as never)]);
        store.disconnected(keptSession(1), since_ms - 1);
        store.disconnected(keptSession(2), since_ms);
        store.disconnected(keptSession(3), since_ms - 1);
        store.disconnected(keptSession(3), undefined);
        await store.close();
        clock.advance(RESUME_TTL_MS - 1);
        const found = await bench.open(clock).load();
        assert.deepEqual(
          found.map(({ session }) => session.born),
          ['born-2', 'born-3'],
        );
        assert.equal(found[0]?.since_ms, since_ms);
      },
    },
  ];
}

function limiting(open: Open): SuiteCase[] {
  const limits = { sessions: 2, session_bytes: 20_000, bytes: 30_000, tenant_bytes: 30_000, waiting_bytes: 1_000_000 };
  const many = (n: number, from = 0): StoredChange[] => Array.from({ length: n }, (_, i) => putIn('1', from + i));
  const backpressure = { code: 'backpressure' };
  return [
    {
      name: 'fails to save what is beyond a limit, and nothing of that session afterwards',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock, limits);
        await store.load();
        const [first, second, third] = [1, 2, 3].map(keptSession) as [KeptSession, KeptSession, KeptSession];
        await saved(store, first, [putSession(1), putIn('1', 0)]);
        await assert.rejects(saved(store, first, many(100)), backpressure);
        await assert.rejects(saved(store, first, [putIn('1', 1)]), { code: 'internal_error' });
        await saved(store, second, [putSession(2)]);
        await assert.rejects(saved(store, third, [putSession(3)]), backpressure);
        await store.close();
        const next = bench.open(clock, limits);
        const found = await next.load();
        assert.deepEqual(
          found.map((one) => one.snapshot.inbox.length),
          [1, 0],
        );
        // Room comes back with a session that is dropped.
        next.drop(first);
        await saved(next, third, [putSession(3)]);
      },
    },
    {
      name: 'fails what is saved after it was closed',
      async run() {
        const { clock, bench } = await open();
        const store = bench.open(clock);
        await store.load();
        await store.close();
        await assert.rejects(saved(store, keptSession(1), [putSession(1)]), { code: 'draining' });
      },
    },
  ];
}
