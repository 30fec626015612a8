import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Aimd, DEFAULT_AIMD } from '../src/window/aimd.ts';
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
