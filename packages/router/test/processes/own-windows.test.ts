import { describe, expect, test } from 'vitest';
import { SessionWindows } from '../../src/atp/flow/session-windows.ts';
import { type Asked, OwnerAndWorker } from './support/owner-and-worker.ts';

const SESSION = 'session:t/s1';
const ACCOUNTS = [SESSION, 'tenant:t'];
const AIMD = { base: 8, max: 256, increase: 1, decrease: 0.5, hold_ms: 500, burst_per_s: 100, latency_ms: undefined };

function rig(limits = {}): OwnerAndWorker & { readonly windows: SessionWindows } {
  const gates = new OwnerAndWorker({ 'tenant:t': { max_parallel: 100 }, ...limits });
  const windows = new SessionWindows({
    accounts: gates.at_worker,
    options: () => AIMD,
    opened: (account) => gates.worker.wake(account),
    congested: () => undefined,
  });
  return Object.assign(gates, { windows });
}

/** Timeouts until a session that may have `most` calls has a window of one. */
function narrow({ windows, time }: ReturnType<typeof rig>, most = 2): void {
  while (windows.find(SESSION) !== 1) {
    time.advance(500);
    windows.ended(SESSION, 'timeout', 1, most, time.mono_ms());
  }
}

const kinds = (all: readonly Asked[]): string[] => all.map(({ ticket }) => ticket.state.kind);

describe('the window of a session at a worker', () => {
  test('is nothing to the owner: calls that ran when it came end as they began', () => {
    const gates = rig();
    const calls = [gates.ask(ACCOUNTS), gates.ask(ACCOUNTS)];
    gates.settle();
    expect(kinds(calls)).toEqual(['granted', 'granted']);
    gates.end(calls[0] as Asked);
    gates.settle();
    narrow(gates);
    gates.pass(500);
    gates.end(calls[1] as Asked);
    gates.pass(10_000);
    expect(gates.refused).toEqual([]);
    expect(gates.at_owner.windows(SESSION)).toMatchObject({ max_parallel: Infinity, out_calls: 0 });
    const after = gates.ask(['tenant:t']);
    gates.settle();
    expect(kinds([after])).toEqual(['granted']);
  });

  test('binds here, and what it refuses costs no message', () => {
    const gates = rig();
    narrow(gates);
    const first = gates.ask(ACCOUNTS);
    gates.settle();
    const before = gates.said.length;
    const more = Array.from({ length: 4 }, () => gates.ask(ACCOUNTS));
    expect(kinds([first, ...more])).toEqual(['granted', 'denied', 'denied', 'denied', 'denied']);
    expect(more[0]?.ticket.state).toMatchObject({
      denial: { account: SESSION, dimension: 'window_calls', limit: 1, available: 0, waitable: true },
    });
    expect(gates.said).toHaveLength(before);
    gates.end(first);
    expect(kinds([gates.ask(ACCOUNTS)])).toEqual(['granted']);
  });

  test('lets one after the other begin where its tenant waits, and all when it is gone', () => {
    const gates = rig();
    narrow(gates);
    const calls = Array.from({ length: 5 }, () => gates.ask(ACCOUNTS, 30_000));
    gates.settle();
    expect(kinds(calls)).toEqual(['granted', 'waiting', 'waiting', 'waiting', 'waiting']);
    expect([gates.worker.waiting('silver'), gates.worker.load(SESSION)]).toEqual([4, { in_flight: 1, waiting: 4 }]);
    gates.end(calls[0] as Asked);
    gates.settle();
    expect(kinds(calls).slice(1)).toEqual(['granted', 'waiting', 'waiting', 'waiting']);
    gates.worker.cancel((calls[2] as Asked).ticket);
    gates.windows.forget(SESSION);
    gates.settle();
    expect(kinds(calls).slice(1)).toEqual(['granted', 'cancelled', 'granted', 'granted']);
    expect(calls.map(({ told }) => told)).toEqual([['granted'], ['granted'], [], ['granted'], ['granted']]);
    expect(gates.worker.waiting('silver')).toBe(0);
  });

  test('patience at it is patience of the call, there and at the owner together', () => {
    const gates = rig({ 'tenant:t': { max_parallel: 1 } });
    const other = gates.ask(['tenant:t']);
    narrow(gates);
    const first = gates.ask(ACCOUNTS, 5_000);
    const second = gates.ask(ACCOUNTS, 5_000);
    gates.settle();
    // The first has its place here, and waits for its tenant; the second waits for the place.
    expect(kinds([other, first, second])).toEqual(['granted', 'waiting', 'waiting']);
    gates.pass(3_000);
    gates.worker.cancel(first.ticket);
    gates.pass(1_500);
    expect(kinds([second])).toEqual(['waiting']);
    gates.pass(1_000);
    expect(kinds([second])).toEqual(['expired']);
    const third = gates.ask(ACCOUNTS);
    gates.pass(1_000);
    expect(third.ticket.state).toMatchObject({ kind: 'denied', denial: { account: 'tenant:t' } });
    gates.end(other);
    const last = gates.ask(ACCOUNTS);
    gates.settle();
    expect(kinds([last])).toEqual(['granted']);
  });

  test('binds beside one that is configured, which stays the owner’s', () => {
    const gates = rig({ [SESSION]: { max_parallel: 4 } });
    const wide = Array.from({ length: 5 }, () => gates.ask(ACCOUNTS));
    gates.settle();
    gates.pass(1_000);
    expect(kinds(wide).filter((kind) => kind === 'granted')).toHaveLength(4);
    for (const one of wide) if (one.ticket.state.kind === 'granted') gates.end(one);
    narrow(gates, 4);
    const narrowed = [gates.ask(ACCOUNTS), gates.ask(ACCOUNTS)];
    gates.settle();
    expect(kinds(narrowed)).toEqual(['granted', 'denied']);
    expect(gates.at_owner.windows(SESSION)).toMatchObject({ max_parallel: 4 });
    expect(gates.refused).toEqual([]);
  });
});

describe('a ceiling that comes to an account without limits', () => {
  const DEPLOYMENT = 'deployment:d';

  test('counts what runs from then on, and stops counting when it goes', () => {
    const gates = new OwnerAndWorker({});
    const set = (calls: number): void => {
      for (const [accounts, gate] of [
        [gates.at_owner, gates.owner],
        [gates.at_worker, gates.worker],
      ] as const) {
        accounts.setCeiling(DEPLOYMENT, calls);
        gate.wake(DEPLOYMENT);
      }
    };
    const calls = [gates.ask([DEPLOYMENT]), gates.ask([DEPLOYMENT])];
    set(2);
    gates.pass(5_000);
    expect(gates.at_owner.windows(DEPLOYMENT)).toMatchObject({ out_calls: 2 });
    expect(kinds([gates.ask([DEPLOYMENT])])).toEqual(['waiting']);
    gates.pass(5_000);
    for (const one of calls) gates.end(one);
    gates.pass(5_000);
    expect(gates.at_owner.windows(DEPLOYMENT)).toMatchObject({ out_calls: 0 });
    set(Number.POSITIVE_INFINITY);
    const said = gates.said.length;
    const free = gates.ask([DEPLOYMENT]);
    expect(kinds([free])).toEqual(['granted']);
    gates.end(free);
    expect(gates.said.slice(said).filter((type) => type === 'want')).toEqual([]);
    expect(gates.refused).toEqual([]);
  });
});
