import { seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SESSION_LIMITS } from '../src/index.ts';
import { SESSION_LIMIT_TABLE } from '../src/limit-words.ts';
import { NonceTable } from '../src/nonce-table.ts';
import { ReplayGuard } from '../src/replay-guard.ts';
import { ResumeTokens } from '../src/resume/tokens.ts';
import { CongestionWindow } from '../src/send/congestion.ts';
import { RoundTrip, spread_ms } from '../src/send/rtt.ts';
import { agentWindow, smallerWindow } from '../src/status.ts';
import type { StoredRange } from '../src/index.ts';
import { OpenedNumbers, streamNumber } from '../src/streams/numbers.ts';
import { WindowCadence } from '../src/window-cadence.ts';
import { digests } from './support/pair.ts';

describe('the retransmission time', () => {
  it('follows RFC 6298, between its bounds, and doubles with every sending', () => {
    const rtt = new RoundTrip(SESSION_LIMITS);
    expect(rtt.rto_ms(1)).toBe(1_000);
    rtt.sample(100);
    expect(rtt.srtt_ms).toBe(100);
    expect(rtt.rto_ms(1)).toBe(300);
    rtt.sample(140);
    // SRTT 7/8 · 100 + 1/8 · 140; RTTVAR 3/4 · 50 + 1/4 · 40.
    expect(rtt.srtt_ms).toBe(105);
    expect(rtt.rto_ms(1)).toBe(105 + 4 * 47.5);
    expect(rtt.rto_ms(2)).toBe(2 * (105 + 4 * 47.5));
    expect(rtt.rto_ms(30)).toBe(10_000);
    for (let i = 0; i < 100; i += 1) rtt.sample(1);
    expect(rtt.rto_ms(1)).toBe(200);
  });

  it('is spread by a fifth to both sides', () => {
    const rng = seededRng(7);
    const drawn = Array.from({ length: 1_000 }, () => spread_ms(100, rng));
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(120);
    expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(35);
  });
});

describe('the congestion window', () => {
  it('halves what is on its way, once in a round trip, and recovers by one for each full window', () => {
    const window = new CongestionWindow(4_096);
    window.crowded(16, 1_000, 100);
    expect(window.messages).toBe(8);
    window.crowded(8, 1_050, 100);
    expect(window.messages).toBe(8);
    window.crowded(8, 1_100, 100);
    expect(window.messages).toBe(4);
    window.acknowledged(3);
    expect(window.messages).toBe(4);
    window.acknowledged(1);
    expect(window.messages).toBe(5);
  });

  it('stays between one message and where it was', () => {
    const most = 8;
    const event = fc.oneof(fc.record({ crowded: fc.nat(20) }), fc.record({ acknowledged: fc.nat(50) }));
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const window = new CongestionWindow(most);
        let now_ms = 0;
        for (const one of events) {
          now_ms += 1_000;
          if ('crowded' in one) window.crowded(one.crowded, now_ms, 10);
          else window.acknowledged(one.acknowledged);
          expect(window.messages).toBeGreaterThanOrEqual(1);
          expect(window.messages).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});

describe('the window cadence', () => {
  it('tells large changes at once and small ones at intervals', () => {
    const cadence = new WindowCadence(500, { max_parallel: 100, max_tokens: 1_000 });
    expect(cadence.due_t(0)).toBeUndefined();
    cadence.told(100);
    cadence.set({ max_parallel: 101, max_tokens: 1_000 });
    expect(cadence.due_t(200)).toBe(600);
    cadence.set({ max_parallel: 102, max_tokens: 1_000 });
    expect(cadence.due_t(200)).toBe(200);
    cadence.told(200);
    cadence.set({ max_parallel: 102, max_tokens: 801 });
    expect(cadence.due_t(300)).toBe(700);
    cadence.set({ max_parallel: 102, max_tokens: 800 });
    expect(cadence.due_t(300)).toBe(300);
    cadence.set({ max_parallel: 102 });
    expect(cadence.due_t(300)).toBe(300);
  });
});

describe('the status of an agent', () => {
  const window = { max_parallel: 10, max_tokens: 1_000 };
  it('bounds what it is given', () => {
    const suggested_window = { max_parallel: 4, max_usd_micros: 5 };
    const at = (status: 'READY' | 'BUSY' | 'PAUSE' | 'DRAINING', age_ms: number): number | undefined =>
      agentWindow(window, { status, suggested_window }, age_ms, 2_000).max_parallel;
    expect(agentWindow(window, undefined, 0, 2_000)).toBe(window);
    expect(agentWindow(window, { status: 'READY', suggested_window }, 0, 2_000)).toEqual({
      max_parallel: 4,
      max_tokens: 1_000,
      max_usd_micros: 5,
    });
    expect(at('BUSY', 0)).toBe(0);
    expect(at('PAUSE', 1_999)).toBe(4);
    expect(at('PAUSE', 2_000)).toBe(0);
    expect(at('DRAINING', 0)).toBe(1);
    expect(smallerWindow({}, {})).toEqual({});
  });

  it('bounds what goes beyond its suggestion only by what it says that it is', () => {
    const suggested_window = { max_parallel: 4, max_usd_micros: 5 };
    const at = (status: 'READY' | 'BUSY' | 'PAUSE' | 'DRAINING', age_ms: number): number | undefined =>
      agentWindow(window, { status, suggested_window }, age_ms, 2_000, true).max_parallel;
    expect(agentWindow(window, { status: 'READY', suggested_window }, 0, 2_000, true)).toEqual(window);
    expect([at('BUSY', 0), at('PAUSE', 1_999), at('PAUSE', 2_000), at('DRAINING', 0)]).toEqual([0, 10, 0, 1]);
  });
});

describe('the replay guard', () => {
  it('takes a nonce once for as long as its signature is good', () => {
    const guard = new ReplayGuard(60_000, 100);
    expect(guard.check('a', 100_000, 100_000)).toBe('good');
    expect(guard.check('a', 100_000, 159_000)).toBe('seen');
    expect(guard.check('b', 100_000, 160_001)).toBe('stale');
    expect(guard.check('b', 160_001, 100_000)).toBe('stale');
  });

  it('remembers a bounded number and takes nothing that it could not remember', () => {
    const guard = new ReplayGuard(60_000, 3);
    for (const nonce of ['a', 'b', 'c']) expect(guard.check(nonce, 100_000, 100_000)).toBe('good');
    expect(guard.check('d', 100_000, 100_000)).toBe('forgotten');
    // What was signed later takes the place of the oldest, and nothing of their time is taken any more.
    expect(guard.check('e', 101_000, 101_000)).toBe('good');
    expect(guard.size).toBe(1);
    for (const nonce of ['a', 'f']) expect(guard.check(nonce, 100_999, 101_000)).toBe('forgotten');
    expect(guard.check('e', 101_000, 101_000)).toBe('seen');
    expect(guard.check('d', 162_001, 162_001)).toBe('good');
    expect(guard.size).toBe(1);
  });

  it('forgets nothing that is good, whatever its clock does meanwhile', () => {
    const [skew_ms, most] = [1_500, 64];
    const event = fc.record({ nonce: fc.nat(200), ts: fc.nat(8_000), clock_ms: fc.nat(8_000) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400 }), (events) => {
        const guard = new ReplayGuard(skew_ms, most);
        const taken = new Set<string>();
        for (const { nonce, ts, clock_ms } of events) {
          const id = `${nonce} ${ts}`;
          const verdict = guard.check(id, ts, clock_ms);
          if (verdict === 'good') {
            expect(taken.has(id)).toBe(false);
            taken.add(id);
          } else if (verdict === 'seen') expect(taken.has(id)).toBe(true);
          expect(guard.size).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  it('takes 25,000 frames a second for as long as they come', () => {
    const guard = new ReplayGuard(SESSION_LIMITS.signature_skew_ms, SESSION_LIMITS.nonces);
    let good = 0;
    for (let ms = 0; ms < 100_000; ms += 1)
      for (let n = 0; n < 25; n += 1) if (guard.check(`nonce-${ms}-${n}`, ms, ms) === 'good') good += 1;
    expect(good).toBe(2_500_000);
    expect(guard.size).toBeLessThanOrEqual(SESSION_LIMITS.nonces);
    expect(guard.check('nonce-99000-3', 99_000, 100_000)).toBe('seen');
    expect(guard.check('nonce-50000-3', 50_000, 100_000)).toBe('forgotten');
  });

  it('keeps no more keys than it can find, where they are made to crowd', () => {
    const table = new NonceTable();
    const keys = Array.from({ length: 200 }, (_, i) => (i + 1) * 2 ** 32);
    const kept = keys.filter((key) => table.add(key));
    expect(kept).toHaveLength(128);
    for (const key of kept) expect(table.has(key)).toBe(true);
    expect(keys.filter((key) => table.has(key))).toHaveLength(128);
  });

  it('takes nothing of a former connection', () => {
    const guard = new ReplayGuard(60_000, 100);
    guard.from(1_500);
    expect(guard.check('late', 1_499, 1_500)).toBe('forgotten');
    expect(guard.check('first', 1_500, 1_500)).toBe('good');
  });
});

describe('resume tokens', () => {
  it('may be used again until the client has shown that it got the answer', () => {
    const tokens = new ResumeTokens(digests);
    tokens.begin('first');
    expect(tokens.use('first', 'second')).toBe(true);
    expect(tokens.use('first', 'third')).toBe(true);
    expect(tokens.accepts('second')).toBe(false);
    expect(tokens.accepts('third')).toBe(true);
    expect(tokens.spend()).toBe(true);
    expect(tokens.accepts('first')).toBe(false);
    expect(tokens.use('first', 'fourth')).toBe(false);
    expect(tokens.use('third', 'fourth')).toBe(true);
  });

  it('are kept as their SHA-256', () => {
    const tokens = new ResumeTokens(digests);
    tokens.begin('a secret');
    expect(JSON.stringify(tokens.hashes)).not.toContain('secret');
    expect(new ResumeTokens(digests, tokens.hashes).accepts('a secret')).toBe(true);
    expect(new ResumeTokens(digests, ['!']).accepts('a secret')).toBe(false);
  });
});

describe('stream numbers', () => {
  it('are decimal, without sign or leading zero, up to 2^53 − 1', () => {
    for (const id of ['', '01', '-1', '+1', '1.0', '0x1', '1e3', ' 1', '9007199254740992', '１'])
      expect(streamNumber(id), id).toBeUndefined();
    expect(streamNumber('0')).toBe(0);
    expect(streamNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('are new once, in whatever order they come', () => {
    const numbers = fc.uniqueArray(fc.nat(50).map((n) => n * 2 + 1));
    fc.assert(
      fc.property(numbers, (come) => {
        const opened = new OpenedNumbers(1);
        for (const number of come) {
          expect(opened.isNew(number)).toBe(true);
          expect(opened.see(number)).toBe(true);
          expect(opened.see(number)).toBe(false);
        }
        expect(opened.unseen).toBe((opened.next - 1) / 2 - come.length);
      }),
    );
  });

  it('are what a store has of them, which for each number takes two changes at most', () => {
    const numbers = fc.uniqueArray(fc.nat(50).map((n) => n * 2 + 1));
    fc.assert(
      fc.property(numbers, (come) => {
        const kept = new Map<number, StoredRange>();
        let changes = 0;
        const opened = new OpenedNumbers(1, (change) => {
          changes += 1;
          if ('put' in change && change.put === 'unseen') kept.set(change.value.from, change.value);
          else if ('drop' in change && change.drop === 'unseen') expect(kept.delete(change.from)).toBe(true);
        });
        for (const number of come) {
          changes = 0;
          opened.see(number);
          expect(changes).toBeLessThanOrEqual(2);
          const successor = new OpenedNumbers(1);
          successor.restore(opened.next, [...kept.values()]);
          expect(successor.ranges).toEqual(opened.ranges);
          expect(successor.unseen).toBe(opened.unseen);
          for (let one = 1; one < opened.next; one += 2) expect(successor.isNew(one)).toBe(opened.isNew(one));
        }
      }),
    );
  });
});

describe('limits', () => {
  it('all have a reason', () => {
    for (const [name, { value, bounds, why }] of Object.entries(SESSION_LIMIT_TABLE)) {
      expect(value, name).toBeGreaterThan(0);
      expect(bounds.endsWith('.') && why.endsWith('.'), name).toBe(true);
    }
  });
});
