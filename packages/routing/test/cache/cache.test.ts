import { seededRng } from '@atp-router/kernel';
import { AnswerCache, ReuseGate } from '@atp-router/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const LIMITS = { entries_max: 3, bytes_max: 1_000, ttl_ms: 100 };

function vector(...values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

const ask = (text: string, of?: Float32Array, scope: string = 's') => ({ scope, text, vector: of });

describe('answers by prompt', () => {
  test('the same text first, then the nearest; never of another scope', () => {
    const cache = new AnswerCache<string>(LIMITS);
    cache.put(ask('a', vector(1, 0)), 'A', 1, 0);
    cache.put(ask('b', vector(1, 1)), 'B', 1, 0);
    expect(cache.find(ask('a', vector(1, 1)), 1)).toEqual({ value: 'A', is_exact: true, likeness: 1 });
    expect(cache.find(ask('c', vector(1, 0.9)), 1)).toMatchObject({ value: 'B', is_exact: false });
    expect(cache.find(ask('c', vector(1, 0.1)), 1)?.likeness).toBeCloseTo(0.995, 3);
    expect(cache.find(ask('c'), 1)).toBeUndefined();
    expect(cache.find(ask('a', vector(1, 0), 'other'), 1)).toBeUndefined();
    expect(cache.find(ask('c', vector(1, 0, 0)), 1)).toBeUndefined();
  });

  test('what is too old is not given, and what was put anew counts from then', () => {
    const cache = new AnswerCache<string>(LIMITS);
    cache.put(ask('a', vector(1, 0)), 'A', 1, 0);
    cache.put(ask('b', vector(1, 0)), 'B', 1, 50);
    expect(cache.find(ask('a'), 100)?.value).toBe('A');
    expect(cache.find(ask('a', vector(1, 0)), 101)?.value).toBe('B');
    expect(cache.entries).toBe(1);
    cache.put(ask('b'), 'C', 1, 150);
    expect(cache.find(ask('b'), 250)?.value).toBe('C');
  });

  test('property: entries and bytes stay within their limits, and are what is there', () => {
    const step = fc.tuple(fc.nat(8), fc.nat(2), fc.nat(600), fc.nat(20));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new AnswerCache<number>(LIMITS);
        let now_ms = 0;
        for (const [text, scope, bytes, later] of steps) {
          now_ms += later;
          cache.put(ask(String(text), undefined, String(scope)), text, bytes, now_ms);
          expect(cache.entries).toBeLessThanOrEqual(LIMITS.entries_max);
          expect(cache.bytes).toBeLessThanOrEqual(LIMITS.bytes_max);
          if (bytes < 990) expect(cache.find(ask(String(text), undefined, String(scope)), now_ms)?.value).toBe(text);
        }
        cache.clear();
        expect([cache.entries, cache.bytes]).toEqual([0, 0]);
      }),
    );
  });
});

/** Streams in which the more alike prompts are the rarer answers differ. */
function falseAt(likeness: number, steep: number): number {
  return Math.min(1, (1 - likeness) * steep);
}

describe('from which likeness on answers may be given again', () => {
  const SETTINGS = { max_false_hits: 0.02, floor: 0.5 };

  test('from none until enough was compared; then from the likeness that holds', () => {
    const gate = new ReuseGate(SETTINGS);
    for (let i = 0; i < 100; i += 1) gate.told(0.9, true);
    expect(gate.threshold).toBeUndefined();
    expect(gate.allows(1)).toBe(false);
    for (let i = 0; i < 400; i += 1) gate.told(0.9, true);
    expect(gate.threshold).toBe(SETTINGS.floor);
    expect([gate.allows(0.95), gate.allows(0.5), gate.allows(0.49)]).toEqual([true, true, false]);
    expect(gate.compared).toEqual({ all: 500, different: 0 });
  });

  test('what differs keeps it from going lower, and once it holds takes it back', () => {
    const gate = new ReuseGate(SETTINGS);
    for (let i = 0; i < 600; i += 1) {
      gate.told(0.95, true);
      gate.told(0.7, i % 4 !== 0);
    }
    const threshold = gate.threshold ?? 0;
    expect(threshold).toBeGreaterThan(0.7);
    expect(threshold).toBeLessThanOrEqual(0.95);
    for (let i = 0; i < 200 && gate.allows(0.95); i += 1) gate.told(0.95, i % 3 !== 0);
    expect(gate.allows(0.95)).toBe(false);
  });

  test('property: over seeded streams false hits stay under the bound, in more than nineteen of twenty', () => {
    const streams = 100;
    let [broken, served_all] = [0, 0];
    for (let seed = 0; seed < streams; seed += 1) {
      const rng = seededRng(seed);
      const gate = new ReuseGate(SETTINGS);
      const steep = 0.05 + rng.next();
      let [served, wrong] = [0, 0];
      for (let i = 0; i < 4_000; i += 1) {
        const likeness = 0.5 + rng.next() / 2;
        const is_same = rng.next() >= falseAt(likeness, steep);
        // Of what may be given again a part is asked all the same.
        if (gate.allows(likeness) && rng.next() >= 0.1) {
          served += 1;
          if (!is_same) wrong += 1;
        } else gate.told(likeness, is_same);
      }
      served_all += served;
      if (served >= 200 && wrong / served > SETTINGS.max_false_hits) broken += 1;
    }
    expect(broken / streams).toBeLessThanOrEqual(0.05);
    // And it does give answers again.
    expect(served_all / streams).toBeGreaterThan(50);
  });
});
