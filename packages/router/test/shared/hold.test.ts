import type { Amounts, Denial } from '@atp-router/flow';
import { AtpError, isAtpError } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SharedAccount, SharedBudgets } from '../../src/engine/shared-budgets.ts';
import { Faults } from '../../src/engine/faults.ts';
import { SharedHold, type SharedRefusal } from '../../src/engine/shared-hold.ts';
import { type Deferred, deferred, settled } from './support/time.ts';

const ACCOUNT = { id: 'tenant:acme', limits: { tokens_per_day: 100 }, day: '2026-11-22' };
const DENIAL: Denial = {
  ok: false,
  account: 'tenant:acme',
  dimension: 'budget_tokens',
  limit: 100,
  available: 1,
  waitable: false,
};
const AWAY = new AtpError('internal_error', 'The store is away.');

interface Asked {
  readonly what: string;
  readonly amounts: Amounts;
  readonly day: string | undefined;
  readonly answer: Deferred<Denial | undefined>;
}

/** A store whose answers a test gives one by one. */
class Scripted implements SharedBudgets {
  readonly asked: Asked[] = [];
  readonly ends: unknown[] = [];

  reserve(_call_id: string, { day }: SharedAccount, amounts: Amounts): Promise<Denial | undefined> {
    return this.#ask('reserve', amounts, day);
  }

  extend(_call_id: string, _account: unknown, amounts: Amounts): Promise<Denial | undefined> {
    return this.#ask('extend', amounts);
  }

  settle(call_id: string, actual: Amounts): void {
    this.ends.push(['settle', call_id, actual]);
  }

  release(call_id: string): void {
    this.ends.push(['release', call_id]);
  }

  /** Answers the oldest open question. */
  async answer(denial?: Denial): Promise<Asked> {
    const asked = this.#next();
    asked.answer.resolve(denial);
    await settled();
    return asked;
  }

  async fail(error: unknown): Promise<void> {
    this.#next().answer.reject(error);
    await settled();
  }

  #next(): Asked {
    const asked = this.asked.shift();
    if (asked === undefined) throw new Error('nothing was asked');
    return asked;
  }

  #ask(what: string, amounts: Amounts, day?: string): Promise<Denial | undefined> {
    const answer = deferred<Denial | undefined>();
    this.asked.push({ what, amounts, day, answer });
    return answer.promise;
  }
}

function setUp(): { store: Scripted; hold: SharedHold; told: (SharedRefusal | 'ok')[]; cover(tokens: number): void } {
  const store = new Scripted();
  const hold = new SharedHold(store, 'c1', ACCOUNT, new Faults(() => undefined));
  const told: (SharedRefusal | 'ok')[] = [];
  const cover = (tokens: number): void => hold.cover({ tokens, usd_nanos: 0 }, (refusal) => told.push(refusal ?? 'ok'));
  return { store, hold, told, cover };
}

describe('the shared part of a call', () => {
  it('reserves once, grows by the difference, and asks for nothing that it holds', async () => {
    const { store, hold, told, cover } = setUp();
    cover(10);
    expect(told).toEqual([]);
    expect(await store.answer()).toMatchObject({ what: 'reserve', amounts: { calls: 1, tokens: 10, usd_nanos: 0 } });
    cover(7);
    expect(told).toEqual(['ok', 'ok']);
    cover(25);
    expect(await store.answer()).toMatchObject({ what: 'extend', amounts: { calls: 0, tokens: 15, usd_nanos: 0 } });
    expect(told).toEqual(['ok', 'ok', 'ok']);
    hold.settle({ calls: 1, tokens: 12, usd_nanos: 0 });
    hold.settle({ calls: 1, tokens: 12, usd_nanos: 0 });
    hold.release();
    expect(store.ends).toEqual([['settle', 'c1', { calls: 1, tokens: 12, usd_nanos: 0 }]]);
  });

  it('may ask again for less after a refusal, and releases nothing that it does not hold', async () => {
    const { store, hold, told, cover } = setUp();
    cover(10);
    await store.answer(DENIAL);
    cover(1);
    await store.answer(DENIAL);
    expect(told).toEqual([DENIAL, DENIAL]);
    hold.release();
    expect(store.ends).toEqual([]);
  });

  it('releases what a store that failed may have made', async () => {
    const { store, hold, told, cover } = setUp();
    cover(10);
    await store.fail(AWAY);
    cover(5);
    await settled();
    expect(told).toEqual([AWAY, AWAY]);
    expect(store.asked).toEqual([]);
    hold.release();
    expect(store.ends).toEqual([['release', 'c1']]);
  });

  it('ends only after what is on its way, and tells who waits that the call is over', async () => {
    const { store, hold, told, cover } = setUp();
    cover(10);
    cover(20);
    hold.release();
    expect(store.ends).toEqual([]);
    await store.answer();
    expect(store.ends).toEqual([['release', 'c1']]);
    expect(store.asked).toEqual([]);
    expect(told[0]).toBe('ok');
    expect(told[1]).toMatchObject({ code: 'request_cancelled' });
  });

  it('lets a stream grow without stopping it: one question at a time, refusals only from a budget', async () => {
    const { store, hold, told, cover } = setUp();
    const denied: Denial[] = [];
    const grow = (tokens: number): void => {
      const total = { tokens, usd_nanos: 0 };
      hold.grow(total, total, (denial) => denied.push(denial));
    };
    cover(10);
    await store.answer();
    for (const tokens of [20, 30, 40, 50]) grow(tokens);
    expect(await store.answer()).toMatchObject({ amounts: { tokens: 10 } });
    expect(await store.answer()).toMatchObject({ amounts: { tokens: 30 } });
    expect(store.asked).toEqual([]);
    grow(60);
    await store.fail(AWAY);
    expect(denied).toEqual([]);
    grow(70);
    expect(await store.answer(DENIAL)).toMatchObject({ amounts: { tokens: 20 } });
    expect(denied).toEqual([DENIAL]);
    expect(told).toEqual(['ok']);
  });

  it('takes what a budget has left for a stream, and refuses only when that is less than it has used', async () => {
    const { store, hold, cover } = setUp();
    const denied: Denial[] = [];
    const grow = (tokens: number, least: number): void =>
      hold.grow({ tokens, usd_nanos: 0 }, { tokens: least, usd_nanos: 0 }, (denial) => denied.push(denial));
    cover(10);
    await store.answer();
    grow(60, 20);
    expect(await store.answer(DENIAL)).toMatchObject({ amounts: { tokens: 50 } });
    expect(await store.answer()).toMatchObject({ amounts: { tokens: 10 } });
    expect(denied).toEqual([]);
    grow(80, 40);
    expect(await store.answer(DENIAL)).toMatchObject({ amounts: { tokens: 60 } });
    expect(await store.answer(DENIAL)).toMatchObject({ amounts: { tokens: 20 } });
    expect(denied).toEqual([DENIAL]);
  });

  it('charges the day that granted the call’s funds', async () => {
    const { store, hold, cover } = setUp();
    hold.chargeTo('2026-11-23');
    cover(10);
    expect(await store.answer()).toMatchObject({ what: 'reserve', day: '2026-11-23' });
  });

  it('asks again for what a refused call may take in place of it', async () => {
    const { store, hold, told } = setUp();
    hold.cover({ tokens: 50, usd_nanos: 0 }, (refusal) => {
      told.push(refusal ?? 'ok');
      hold.cover({ tokens: 5, usd_nanos: 0 }, (second) => told.push(second ?? 'ok'));
    });
    await store.answer(DENIAL);
    expect(await store.answer()).toMatchObject({ what: 'reserve', amounts: { tokens: 5 } });
    expect(told).toEqual([DENIAL, 'ok']);
  });

  it('under any interleaving holds at most what was asked, ends once, and ends exactly what may be held', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('cover' as const), tokens: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('grow' as const), tokens: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('answer' as const), how: fc.constantFrom('ok', 'denied', 'failed') }),
      fc.record({ kind: fc.constant('end' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { store, hold, told, cover } = setUp();
        const state = { held: 0, maybe: false, wanted: 0, ended: false };
        const answer = async (how: string): Promise<void> => {
          const [first] = store.asked;
          if (first === undefined) return;
          expect(first.what).toBe(state.held > 0 ? 'extend' : 'reserve');
          if (how === 'ok') {
            state.held += first.amounts.tokens;
            await store.answer();
          } else if (how === 'denied') await store.answer(DENIAL);
          else {
            state.maybe ||= first.what === 'reserve';
            await store.fail(AWAY);
          }
          expect(state.held).toBeLessThanOrEqual(state.wanted);
        };
        for (const one of steps) {
          // A call that is over asks for nothing more.
          if (one.kind === 'answer') await answer(one.how);
          else if (one.kind === 'end') {
            state.ended = true;
            hold.release();
          } else if (!state.ended) {
            state.wanted = Math.max(state.wanted, one.tokens);
            if (one.kind === 'cover') cover(one.tokens);
            else {
              const least = { tokens: Math.max(1, one.tokens - 30), usd_nanos: 0 };
              hold.grow({ tokens: one.tokens, usd_nanos: 0 }, least, () => undefined);
            }
          }
        }
        hold.release();
        while (store.asked.length > 0) await answer('ok');
        await settled();
        expect(store.ends).toEqual(state.held > 0 || state.maybe ? [['release', 'c1']] : []);
        expect(told.every((one) => one === 'ok' || isAtpError(one) || one === DENIAL)).toBe(true);
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});
