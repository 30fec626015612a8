import { describe, expect, test } from 'vitest';
import { ACCOUNT, DAY_MS, ONE, Pair, TODAY } from './support/credit-pair.ts';

test('a worker that stood still does not start what it was granted then: somebody else may have it', () => {
  const pair = new Pair({ max_parallel: 1 }, { workers: ['a', 'b'] });
  pair.stalled = 'a';
  const first = pair.request('a', 30_000);
  pair.pass(12_000);
  const second = pair.request('b');
  pair.pass(0);
  expect(second.state.kind).toBe('granted');
  pair.stalled = undefined;
  pair.pass(0);
  expect(first.state.kind).toBe('waiting');
  pair.end('b', second);
  pair.pass(1_000);
  expect(first.state.kind).toBe('granted');
});

describe('what was used while nothing limited it', () => {
  const day = { usd_nanos_per_day: 10 ** 12 };

  test('does not come back below nothing where a limit has come since', () => {
    const pair = new Pair({});
    const ticket = pair.request();
    pair.setLimits({ max_parallel: 1 }, false);
    pair.end('a', ticket);
    pair.pass(5_000);
    expect(pair.refused).toBe(0);
    expect(pair.call()).toBe(true);
  });

  test('may be corrected where a budget has come since', () => {
    const pair = new Pair({ max_parallel: 5 });
    const ticket = pair.request();
    pair.end('a', ticket);
    pair.setLimits({ max_parallel: 5, ...day });
    pair.post(pair.worker().correct(ticket, 0, { calls: 0, tokens: -4, usd_nanos: -4 }, pair.workersNow()));
    pair.pass(5_000);
    expect([pair.refused, pair.call()]).toEqual([0, true]);
  });

  test('counts for a budget that comes later', () => {
    const pair = new Pair({ max_parallel: 5 });
    for (let i = 0; i < 8; i += 1) pair.call();
    const used = [{ account: ACCOUNT, day: TODAY, used: { calls: 8, tokens: 80, usd_nanos: 80 } }];
    pair.setLimits({ max_parallel: 5, calls_per_day: 10 }, true, used);
    pair.pass(3_000);
    expect([pair.debited, pair.call(), pair.call(), pair.call()]).toEqual([8, true, true, false]);
  });
});

test('all that has changed is told in one report, however much it is', () => {
  const pair = new Pair({ max_parallel: 5 }, { is_rule: true });
  const tickets = Array.from({ length: 2_500 }, (_, i) => pair.request('a', undefined, `session:${i}`));
  pair.pass(0);
  for (const ticket of tickets) pair.end('a', ticket);
  pair.pass(2_000);
  expect(pair.worker().books.has_changed).toBe(false);
});

test('of a grant that was lost nothing is left at the owner', () => {
  const pair = new Pair({ max_parallel: 5 }, { is_rule: true });
  for (let i = 0; i < 20; i += 1) {
    pair.stalled = 'a';
    const ticket = pair.request('a', 1_000, `session:${i}`);
    pair.pass(0);
    pair.lose();
    pair.stalled = undefined;
    pair.post(pair.worker().cancel(ticket, pair.workersNow()));
    pair.post(pair.worker().disconnected(pair.workersNow()));
    pair.post(pair.worker().connected(pair.workersNow()));
  }
  pair.pass(5_000);
  expect([...pair.owner.workers()].map(({ slot_count }) => slot_count)).toEqual([0]);
});

test('an owner whose time is over grants nothing because limits change', () => {
  const pair = new Pair({ max_parallel: 1 }, { tenure_mono_ms: 1_000 });
  pair.request();
  const waits = pair.request('a', 60_000);
  pair.pass(1_000);
  pair.ledger.setLimits(ACCOUNT, { max_parallel: 5 });
  expect(pair.owner.limitsChanged(ACCOUNT, pair.ownersNow())).toEqual([]);
  pair.owner.renewTenure(10_000);
  pair.pass(200);
  expect(waits.state.kind).toBe('granted');
});

test('days that no clock near the owner knows turn none of its days', () => {
  const pair = new Pair({ calls_per_day: 10 });
  for (let i = 0; i < 10; i += 1) pair.call();
  pair.pass(3_000);
  for (const day of [TODAY + 50, TODAY + 51]) {
    const of = { account: ACCOUNT, day };
    pair.tell({
      type: 'sync',
      slots: [{ ...of, used: ONE, held: {}, by: ONE, is_open: true, wants: ONE }],
      ended: [],
    });
    const part = { accounts: [ACCOUNT], amounts: ONE, wait_ms: null, day };
    const key = { qos: 'gold', tenant: 't', weight: 1, session: 's', tokens: 1, deadline_in_ms: null } as const;
    pair.tell({ type: 'want', want: { id: 900 + day, kind: 'start', key, parts: [part], waited_ms: 0 } });
  }
  expect(pair.debited).toBe(10);
});

describe('hellos', () => {
  test('are rarer each time that nobody welcomes them: a way that takes longer than they wait gets through', () => {
    const pair = new Pair({ max_parallel: 5 }, { one_way_ms: 400 });
    pair.pass(20_000);
    expect(pair.worker().hasLease(pair.workersNow())).toBe(true);
    expect(pair.hellos).toBeLessThan(8);
  });

  test('that are too much to be served do not follow each other at once', () => {
    const inherited = Array.from({ length: 90_000 }, (_, i) => ({ account: `tenant:x${i}`, day: TODAY, used: ONE }));
    const pair = new Pair({ max_parallel: 5 }, { inherited });
    pair.pass(60_000, 1_000);
    expect(pair.hellos).toBeLessThan(91 * 12);
  });

  test('name what was inherited, which takes no place from what is asked for', () => {
    const inherited = Array.from({ length: 20_000 }, (_, i) => ({ account: `tenant:x${i}`, day: TODAY, used: ONE }));
    const pair = new Pair({ max_parallel: 5 }, { inherited });
    expect(pair.call()).toBe(true);
  });
});

describe('wall clocks that are wrong', () => {
  const used = (wrong: (pair: Pair, i: number) => void): readonly [granted: number, debited: number] => {
    const pair = new Pair({ calls_per_day: 10 });
    let granted = 0;
    for (let i = 0; i < 40; i += 1) {
      wrong(pair, i);
      pair.pass(3_000, 500);
      if (pair.call()) granted += 1;
    }
    pair.owner_ahead_ms = 0;
    pair.worker_ahead_ms = 0;
    pair.pass(5_000, 500);
    return [granted, pair.debited];
  };

  test.each([
    ['all are right', () => undefined],
    ['a worker is three days ahead', (pair: Pair) => (pair.worker_ahead_ms = 3 * DAY_MS)],
    [
      'a worker goes back three days and returns',
      (pair: Pair, i: number) => (pair.worker_ahead_ms = i > 4 && i < 9 ? -3 * DAY_MS : 0),
    ],
    ['the owner jumps three days for a moment', (pair: Pair, i: number) => jump(pair, i)],
  ] as readonly (readonly [string, (pair: Pair, i: number) => unknown])[])('a budget of ten is ten: %s', (_, wrong) => {
    expect(used((pair, i) => void wrong(pair, i))).toEqual([10, 10]);
  });

  function jump(pair: Pair, i: number): void {
    if (i !== 5) return;
    pair.owner_ahead_ms = 3 * DAY_MS;
    pair.post(pair.owner.tick(pair.ownersNow()));
    pair.owner_ahead_ms = 0;
    pair.post(pair.owner.tick(pair.ownersNow()));
  }
});
