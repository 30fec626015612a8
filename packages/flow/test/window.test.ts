import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Aimd, DEFAULT_AIMD } from '../src/window/aimd.ts';
import { BurstBucket } from '../src/window/burst.ts';
import { Watermark } from '../src/window/watermark.ts';

describe('AIMD', () => {
  const options = { ...DEFAULT_AIMD, base: 8, max: 10, hold_ms: 500, burst_per_s: Infinity };

  test('adds one call per window of timely answers, only when the window is used, up to its largest', () => {
    const aimd = new Aimd(options);
    for (let i = 0; i < 100; i += 1) aimd.answered(7, i);
    expect(aimd.window).toBe(8);
    let answers = 0;
    while (aimd.window === 8) {
      aimd.answered(8, 1_000);
      answers += 1;
    }
    // 8 answers at 1/8 each, a little more as the window grows.
    expect(answers).toBe(9);
    for (let i = 1; i < 100; i += 1) aimd.answered(10, 1_000 + i * 500);
    expect(aimd.window).toBe(10);
  });

  test('halves at trouble, once per hold time, and for slow answers not below its base', () => {
    const aimd = new Aimd(options);
    expect(aimd.troubled('latency', 0)).toBe(false);
    expect(aimd.troubled('timeout', 0)).toBe(true);
    expect(aimd.troubled('ecn', 499)).toBe(false);
    expect(aimd.window).toBe(4);
    expect(aimd.troubled('latency', 500)).toBe(false);
    expect(aimd.troubled('ecn', 500)).toBe(true);
    expect(aimd.window).toBe(2);
    aimd.troubled('timeout', 1_000);
    aimd.troubled('timeout', 1_500);
    expect(aimd.window).toBe(1);
  });

  test('lets so many begin in a second, and says when the next one may', () => {
    const aimd = new Aimd({ ...options, burst_per_s: 2 });
    expect([aimd.begin(0), aimd.begin(0), aimd.begin(0)]).toEqual([true, true, false]);
    expect(aimd.burstWait_ms()).toBe(500);
    expect([aimd.begin(500), aimd.begin(500)]).toEqual([true, false]);
  });

  test('has a bucket that says what it has left, and when it will have so many', () => {
    const bucket = new BurstBucket(10);
    expect([bucket.size, bucket.left(0), bucket.wait_ms(3)]).toEqual([10, 10, 0]);
    for (let i = 0; i < 10; i += 1) expect(bucket.take(0)).toBe(true);
    expect([bucket.take(0), bucket.left(0), bucket.wait_ms(), bucket.wait_ms(3)]).toEqual([false, 0, 100, 300]);
    expect([bucket.left(299), bucket.left(300), bucket.wait_ms(3)]).toEqual([2, 3, 0]);
    bucket.tune(2);
    expect([bucket.left(300), bucket.left(9_000)]).toEqual([2, 2]);
    bucket.tune(Infinity);
    expect([bucket.left(9_000), bucket.take(9_000), bucket.wait_ms()]).toEqual([Infinity, true, 0]);
  });

  test('stays within its bounds whatever comes', () => {
    const event = fc.record({
      what: fc.constantFrom('answered', 'timeout', 'latency', 'ecn'),
      after_ms: fc.nat(2_000),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const aimd = new Aimd(options);
        let now_ms = 0;
        let changed_ms = Number.NEGATIVE_INFINITY;
        for (const { what, after_ms } of events) {
          now_ms += after_ms;
          const before = aimd.window;
          if (what === 'answered') aimd.answered(before, now_ms);
          else aimd.troubled(what as 'ecn', now_ms);
          expect(aimd.window).toBeGreaterThanOrEqual(1);
          expect(aimd.window).toBeLessThanOrEqual(options.max);
          if (aimd.window === before) continue;
          expect(now_ms - changed_ms).toBeGreaterThanOrEqual(options.hold_ms);
          changed_ms = now_ms;
        }
      }),
    );
  });

  test('begins no more calls than its bucket has, and one as soon as it says', () => {
    const steps = fc.array(fc.record({ after_ms: fc.nat(700), calls: fc.nat(12) }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(10_000_000), steps, (burst_per_s, origin_ms, list) => {
        const aimd = new Aimd({ ...options, burst_per_s });
        const begun_ms: number[] = [];
        let now_ms = origin_ms;
        for (const { after_ms, calls } of list) {
          now_ms += after_ms;
          for (let i = 0; i < calls; i += 1) if (aimd.begin(now_ms)) begun_ms.push(now_ms);
          const wait_ms = aimd.burstWait_ms();
          // The wait is from the last time that somebody asked.
          if (wait_ms === 0 || calls === 0 || after_ms % 2 === 0) continue;
          expect(aimd.begin(now_ms + wait_ms - 1)).toBe(false);
          now_ms += wait_ms;
          expect(aimd.begin(now_ms)).toBe(true);
          begun_ms.push(now_ms);
        }
        for (const [i, from_ms] of begun_ms.entries()) {
          for (const [k, to_ms] of begun_ms.slice(i).entries())
            expect(k + 1).toBeLessThanOrEqual(burst_per_s * (1 + (to_ms - from_ms) / 1_000) + 1e-6);
        }
      }),
    );
  });

  test('stays within what it is tuned to, and does not lose the burst that it had', () => {
    const limits = fc.record({
      base: fc.integer({ min: 1, max: 20 }),
      more: fc.nat(20),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(limits, { minLength: 1, maxLength: 20 }), (list) => {
        const aimd = new Aimd(options);
        let now_ms = 0;
        for (const { base, more, burst } of list) {
          now_ms += 1_000;
          aimd.tune({ ...options, base, max: base + more, burst_per_s: burst % 7 === 0 ? Infinity : burst });
          expect(aimd.window).toBeLessThanOrEqual(base + more);
          for (let i = 0; i < 10; i += 1) aimd.answered(aimd.window, now_ms + i * 500);
          expect(aimd.window).toBeLessThanOrEqual(base + more);
          expect(aimd.begin(now_ms)).toBe(true);
          expect(aimd.burstWait_ms()).toBeLessThanOrEqual(burst % 7 === 0 ? 0 : Math.ceil(1_000 / burst));
        }
      }),
    );
  });
});

describe('a watermark', () => {
  test('is high after so many long waits in a row, and low after so many short ones', () => {
    const mark = new Watermark({ high_ms: 100, low_ms: 10, require_n: 3 });
    expect([101, 101, 100, 101, 101].map((wait) => mark.waited(wait))).toEqual(Array(5).fill(undefined));
    expect(mark.waited(101)).toBe('high');
    expect([9, 9, 50, 9, 9].map((wait) => mark.waited(wait))).toEqual(Array(5).fill(undefined));
    expect(mark.is_high).toBe(true);
    expect(mark.waited(9)).toBe('low');
    expect(mark.is_high).toBe(false);
  });

  test('is what a naive one says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(130), { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (waits, require_n) => {
        const mark = new Watermark({ high_ms: 100, low_ms: 30, require_n });
        let is_high = false;
        let since = 0;
        for (const [i, wait_ms] of waits.entries()) {
          const last = waits.slice(since, i + 1).slice(-require_n);
          const turns = last.length === require_n && last.every((one) => (is_high ? one < 30 : one > 100));
          if (turns) {
            is_high = !is_high;
            since = i + 1;
          }
          expect(mark.waited(wait_ms)).toBe(turns ? (is_high ? 'high' : 'low') : undefined);
          expect(mark.is_high).toBe(is_high);
        }
      }),
    );
  });

  test('is low at once where nobody waits any more, and that is told once', () => {
    const mark = new Watermark({ high_ms: 100, low_ms: 10, require_n: 3 });
    expect(mark.emptied()).toBe(false);
    expect([101, 101].map((wait) => mark.waited(wait))).toEqual([undefined, undefined]);
    // A queue that empties has not been quick.
    expect(mark.emptied()).toBe(false);
    expect(mark.waited(101)).toBe('high');
    expect([mark.emptied(), mark.is_high, mark.emptied()]).toEqual([true, false, false]);
    expect([101, 101].map((wait) => mark.waited(wait))).toEqual([undefined, undefined]);
    expect(mark.waited(101)).toBe('high');
  });
});
