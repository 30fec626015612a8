import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OwnerMessage, WorkerMessage } from '../src/credit/messages.ts';
import { callsWithin, chunkOf, freeAt } from '../src/credit/top-up.ts';
import { drawPlan, playPlan } from '../src/credit/testing/index.ts';
import { AccountLedger, isOwnerMessage, isWorkerMessage, type Reservation, Scheduler } from '../src/index.ts';

const NOON_MS = Date.UTC(2026, 2, 10, 12);
const call = (tokens: number) => ({ calls: 1, tokens, usd_nanos: 0 });

function reserved(ledger: AccountLedger, tokens: number): Reservation {
  const result = ledger.reserve(['t'], call(tokens), NOON_MS);
  if (!result.ok) throw new Error('the ledger refuses');
  return result.reservation;
}

describe('credit in chunks', () => {
  const snapshot = (limits: Parameters<AccountLedger['setLimits']>[1]) => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', limits);
    const found = ledger.snapshot('t', NOON_MS);
    if (found === undefined) throw new Error('the account is known');
    return found;
  };

  test('leaves as much for every other worker, twice over', () => {
    const chunk = chunkOf(freeAt(snapshot({ max_parallel: 80, tokens_per_day: 4_000 })), 4);
    expect(chunk).toEqual({ calls: 10, tokens: 500, usd_nanos: Infinity });
    expect(callsWithin(chunk, call(100), 32)).toBe(5);
    expect(callsWithin(chunk, { calls: 1, tokens: 0, usd_nanos: 0 }, 4)).toBe(4);
  });

  test('is nothing where little is left, or less than nothing', () => {
    expect(callsWithin(chunkOf(freeAt(snapshot({ max_parallel: 7 })), 4), call(1), 32)).toBe(0);
    expect(chunkOf({ calls: -3, tokens: -1, usd_nanos: 5 }, 2)).toEqual({ calls: 0, tokens: 0, usd_nanos: 1 });
  });

  test('never comes to more than half of what is free, however often it is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 1e9 }), (workers, calls) => {
        const chunk = chunkOf({ calls, tokens: Infinity, usd_nanos: Infinity }, workers);
        expect(chunk.calls * workers * 2).toBeLessThanOrEqual(calls);
      }),
    );
  });
});

describe('what the owner needs of accounts and queues', () => {
  test('a reservation holds what its holder has already, whatever the limits say', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { max_parallel: 2 });
    const reservation = reserved(ledger, 5);
    ledger.restate(reservation, { calls: 7, tokens: 70, usd_nanos: 0 });
    expect(ledger.windows('t')).toMatchObject({ out_calls: 7, out_tokens: 70 });
    ledger.restate(reservation, { calls: 0, tokens: 0, usd_nanos: 0 });
    ledger.release(reservation);
    expect(ledger.windows('t')).toMatchObject({ out_calls: 0, out_tokens: 0 });
  });

  test('a day is charged more, and less again', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { tokens_per_day: 100 });
    const day = Math.floor(NOON_MS / 86_400_000);
    ledger.charge('t', day, call(90));
    expect(ledger.reserve(['t'], call(11), NOON_MS).ok).toBe(false);
    ledger.charge('t', day, { calls: -1, tokens: -90, usd_nanos: 0 });
    expect(ledger.snapshot('t', NOON_MS)?.used).toEqual({ calls: 0, tokens: 0, usd_nanos: 0 });
    ledger.charge('t', day - 9, call(1));
    expect(ledger.snapshot('t', NOON_MS)?.used.tokens).toBe(0);
  });

  test('a part that was handed over debits nothing, and corrects what its tenant is charged in the queue', () => {
    const ledger = new AccountLedger();
    ledger.setLimits('t', { max_parallel: 1 });
    const scheduler = new Scheduler<string>(ledger);
    const now = { now_ms: NOON_MS, mono_ms: 0 };
    const ask = (owner: string, tenant: string) =>
      scheduler.request(
        {
          owner,
          key: { qos: 'silver', tenant, weight: 1, session: '', tokens: 10, deadline_mono_ms: Infinity },
          parts: [{ kind: 'reserve', accounts: ['t'], amounts: call(10), wait_ms: 1_000 }],
          is_preemptible: false,
        },
        now,
      ).ticket;
    const end = (ticket: ReturnType<typeof ask>, tokens: number): readonly string[] =>
      scheduler.conclude(ticket, 0, tokens, now).decided.map(({ owner }) => owner);
    const first = ask('first', 'a');
    const [a, b] = [ask('a1', 'a'), ask('b1', 'b')];
    ask('a2', 'a');
    ask('b2', 'b');
    expect(end(first, 0)).toEqual(['a1']);
    // It cost a hundred times what was expected: both of the other tenant's go first.
    expect(end(a, 1_000)).toEqual(['b1']);
    expect(end(b, 10)).toEqual(['b2']);
    expect(ledger.snapshot('t', NOON_MS)?.used.tokens).toBe(0);
  });
});

describe('messages', () => {
  /** All that is said in some histories, as JSON has it. */
  const said = (): { readonly up: WorkerMessage[]; readonly down: OwnerMessage[] } => {
    const [up, down]: [WorkerMessage[], OwnerMessage[]] = [[], []];
    const over = <T>(message: T): T => JSON.parse(JSON.stringify(message)) as T;
    for (const seed of [18, 20, 22, 24, 26, 28]) {
      const result = playPlan(drawPlan(seed), {
        toOwner: (message) => {
          up.push(over(message));
          return over(message);
        },
        toWorker: (message) => {
          down.push(over(message));
          return over(message);
        },
      });
      expect(result.problems).toEqual([]);
    }
    return { up, down };
  };

  test('survive JSON, and are taken for what they are', () => {
    const { up, down } = said();
    expect(up.filter((message) => !isWorkerMessage(message))).toEqual([]);
    expect(down.filter((message) => !isOwnerMessage(message))).toEqual([]);
    const types = new Set([...up, ...down].map(({ body }) => body.type));
    for (const type of ['hello', 'want', 'cancel', 'sync', 'ping', 'welcome', 'grant', 'deny', 'recall'] as const)
      expect(types, type).toContain(type);
  });

  test('are refused with a number, a name or a list that cannot be', () => {
    const want = said().up.find(({ body }) => body.type === 'want');
    if (want?.body.type !== 'want') throw new Error('somebody wants something');
    const { body } = want;
    const [part] = body.want.parts;
    const bad: readonly unknown[] = [
      null,
      [],
      'want',
      { ...want, v: 2 },
      { ...want, seq: 1.5 },
      { ...want, epoch: -1 },
      { ...want, worker: 'w'.repeat(2_000) },
      { ...want, body: { type: 'constructor' } },
      { ...want, body: { ...body, want: { ...body.want, parts: [] } } },
      { ...want, body: { ...body, want: { ...body.want, parts: [{ ...part, accounts: ['x', 'x'] }] } } },
      { ...want, body: { ...body, want: { ...body.want, parts: [{ ...part, amounts: call(-1) }] } } },
      { ...want, body: { ...body, want: { ...body.want, key: { ...body.want.key, qos: 'platinum' } } } },
      { ...want, body: { ...body, want: { ...body.want, key: { ...body.want.key, weight: 0 } } } },
    ];
    expect(bad.filter((message) => isWorkerMessage(message))).toEqual([]);
    expect(isOwnerMessage(want)).toBe(false);
  });

  test('of any kind throw nothing in the check', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        isWorkerMessage(value);
        isOwnerMessage(value);
      }),
    );
  });
});
