import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemTimers } from '../src/index.ts';

const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a timer that is longer than those of Node runs in its time, once', () => {
  let runs = 0;
  systemTimers.after(60 * DAY_MS, () => {
    runs += 1;
  });
  vi.advanceTimersByTime(60 * DAY_MS - 1);
  expect(runs).toBe(0);
  vi.advanceTimersByTime(DAY_MS);
  expect(runs).toBe(1);
});

test('and is cancelled in each part of it', () => {
  let runs = 0;
  const timer = systemTimers.after(60 * DAY_MS, () => {
    runs += 1;
  });
  vi.advanceTimersByTime(30 * DAY_MS);
  timer.cancel();
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(runs).toBe(0);
});
