import { readFileSync } from 'node:fs';
import { DEFAULT_ELECTION } from '@atp-router/flow';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findValkey, ValkeyServer } from '../../src/testing/valkey-server.ts';
import { type Cluster, valkeyCluster } from '../../src/cluster/index.ts';

let server: ValkeyServer;

const PAGE = new URL('../../../../docs/operations/processes.md', import.meta.url);

describe.skipIf(findValkey() === undefined)('the way between machines', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    server = await ValkeyServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  it('keeps the order between two ends, in both directions', async () => {
    const [a, b] = [end('a#1'), end('b#1')];
    await Promise.all([a.up(), b.up()]);
    for (let turn = 0; turn < 50; turn += 1) {
      for (let i = 0; i < 20; i += 1) {
        a.cluster.send('b#1', { turn, i });
        b.cluster.send('a#1', `${turn}.${i}`);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await b.until(() => b.came.length === 1_000);
    await a.until(() => a.came.length === 1_000);
    expect(b.came).toEqual(Array.from({ length: 1_000 }, (_, n) => ({ turn: Math.floor(n / 20), i: n % 20 })));
    expect(a.came.at(-1)).toBe('49.19');
    expect(b.cluster.stats()).toMatchObject({ sent_total: 1_000, received_total: 1_000, lost_total: 0 });
  });

  it('keeps what was used for whoever leads next, and leaves out what nobody put there', async () => {
    const [a, b] = [end('a#k'), end('b#k')];
    await Promise.all([a.up(), b.up()]);
    const used = { calls: 3, tokens: 40, usd_nanos: 5_000 };
    const of = { account: 'tenant:a b', day: 20_000, used };
    await a.cluster.keep([
      { worker: 'm.w1', incarnation: 1, ...of },
      { worker: 'm.w2', incarnation: 7, ...of },
      { worker: 'm.w1', incarnation: 2, ...of, used: { ...used, calls: 4 } },
    ]);
    const kept = [
      { worker: 'm.w1', incarnation: 2, ...of, used: { ...used, calls: 4 } },
      { worker: 'm.w2', incarnation: 7, ...of },
    ];
    const sorted = (totals: readonly { readonly worker: string }[]): unknown =>
      [...totals].sort((one, other) => one.worker.localeCompare(other.worker));
    expect(sorted(await b.cluster.kept(20_000))).toEqual(kept);
    expect(await b.cluster.kept(20_001)).toEqual([]);
    server.ask(
      'HSET',
      'ways:cluster:1:used:20000',
      'no list',
      '1',
      '["w","t",1]',
      '[1,2,3,4]',
      '["w","t"]',
      '[1,-2,3,4]',
      '["w","u"]',
      '{}',
    );
    expect(sorted(await b.cluster.kept(20_000))).toEqual(kept);
  });

  it('cuts what is long into entries, and loses what nothing takes', async () => {
    const [a, b] = [end('a#2'), end('b#2')];
    await Promise.all([a.up(), b.up()]);
    const long = 'x'.repeat(200_000);
    for (let i = 0; i < 60; i += 1) a.cluster.send('b#2', [i, long]);
    await b.until(() => b.came.length + a.cluster.stats().lost_total === 60);
    expect(a.cluster.stats().lost_total).toBeGreaterThan(0);
    expect(b.came.map((one) => (one as [number])[0])).toEqual(b.came.map((_, i) => i));
  });

  it('goes on by itself after the server was ended, emptied, or stood still, and tells what may be lost', async () => {
    const [a, b] = [end('a#3'), end('b#3')];
    await Promise.all([a.up(), b.up()]);
    a.cluster.send('b#3', 'before');
    await b.until(() => b.came.length === 1);
    await server.halt();
    await expect(a.beat()).rejects.toThrow(/cluster.url cannot be used/);
    a.cluster.send('b#3', 'meanwhile');
    await a.until(() => a.cluster.stats().lost_total === 1);
    await server.resume();
    await Promise.all([a.up(), b.up()]);
    await a.beat();
    expect(a.lost).toBe(1);
    a.cluster.send('b#3', 'after');
    await b.until(() => b.came.length === 2);
    expect(b.came).toEqual(['before', 'after']);

    server.freeze();
    await expect(a.beat()).rejects.toThrow(/does not answer/);
    server.thaw();
    await a.up();
    await a.beat();
    a.cluster.send('b#3', 'at last');
    await b.until(() => b.came.at(-1) === 'at last');
    // Once for each time: whoever is told need not be told again while it lasts.
    expect(a.problems.length).toBe(2);
    expect(a.problems.join()).not.toContain('127.0.0.1');
  });

  it('goes on when whoever takes a message throws over it, and tells of that once in a while', async () => {
    const [a, b] = [end('a#5'), end('b#5')];
    await Promise.all([a.up(), b.up()]);
    for (let i = 0; i < 5; i += 1) {
      a.cluster.send('b#5', i % 2 === 0 ? 'throw' : i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    a.cluster.send('b#5', 'at last');
    await b.until(() => b.came.at(-1) === 'at last');
    expect([b.cluster.stats().is_up, b.problems.length]).toEqual([true, 1]);
    expect(b.problems[0]).toContain('What a#5 sent could not be taken');
  });

  it('needs the rights that the documents name, and no others', async () => {
    const rights = /ACL SETUSER limits on >PASSWORD (.*)/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '';
    server.ask('ACL', 'SETUSER', 'limits', 'on', '>p', ...rights.split(' '));
    const [a, b] = ['a#4', 'b#4'].map((self) => end(self, { url: server.url(0, 'limits:p'), prefix: 'atp' }));
    await Promise.all([a?.up(), b?.up()]);
    await a?.beat();
    await a?.cluster.leave(1);
    await a?.cluster.keep([
      { worker: 'w', incarnation: 1, account: 't', day: 1, used: { calls: 1, tokens: 1, usd_nanos: 1 } },
    ]);
    expect(await b?.cluster.kept(1)).toHaveLength(1);
    a?.cluster.send('b#4', 'hello');
    await b?.until(() => b.came.length === 1);
    expect([...(a?.problems ?? []), ...(b?.problems ?? [])]).toEqual([]);
  });
});

interface End {
  readonly cluster: Cluster;
  readonly came: unknown[];
  readonly problems: string[];
  lost: number;
  up(): Promise<void>;
  beat(): Promise<unknown>;
  until(done: () => boolean): Promise<void>;
}

function end(
  self: string,
  at: { readonly url: string; readonly prefix: string } = { url: server.url(), prefix: 'ways' },
): End {
  const came: unknown[] = [];
  const problems: string[] = [];
  let n = 0;
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setImmediate(resolve));
  };
  const cluster = valkeyCluster({
    ...{ ...at, self, settled_ms: DEFAULT_ELECTION.settled_ms },
    onMessages: (_, messages) => {
      if (messages.includes('throw')) throw new Error('This one is thrown over.');
      came.push(...messages);
    },
    onLost: () => {
      all.lost += 1;
    },
    onProblem: ({ message }) => problems.push(message),
  });
  onTestFinished(() => cluster.close());
  const all: End = {
    ...{ cluster, came, problems, lost: 0, until },
    up: () => until(() => cluster.stats().is_up),
    beat: () => {
      n += 1;
      return cluster.beat({ n, leads: 0, takes: undefined, known: 0, run: '', run_seen_ms: 0 }, []);
    },
  };
  return all;
}
