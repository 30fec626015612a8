import { expect, test } from 'vitest';
import { VectorCache } from '../../src/index.ts';

const one = Float32Array.of(1);

test('the one that was used longest ago goes for a new one', () => {
  const cache = new VectorCache(2);
  cache.put('m', 'a', one);
  cache.put('m', 'b', one);
  cache.get('m', 'a');
  cache.put('m', 'c', one);
  expect(['a', 'b', 'c'].map((text) => cache.get('m', text) !== undefined)).toEqual([true, false, true]);
  expect(cache.size).toBe(2);
});

test('vectors of two embedders are kept apart', () => {
  const cache = new VectorCache();
  cache.put('m', 'a', one);
  expect(cache.get('n', 'a')).toBeUndefined();
  cache.put('n', 'a', Float32Array.of(2));
  expect([cache.get('m', 'a')?.[0], cache.get('n', 'a')?.[0]]).toEqual([1, 2]);
});
