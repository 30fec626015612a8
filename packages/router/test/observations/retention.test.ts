import { expect, test } from 'vitest';
import { expired } from '../../src/observations/retention.ts';
import type { SegmentFile } from '../../src/observations/segment-reader.ts';

const DAY_MS = 86_400_000;

function file(n: number, from_ms: number, bytes: number, is_open: boolean = false): SegmentFile {
  const name = { node: 'n', from_ms, n, is_open };
  return { ...name, name: `n-${n}`, path: `n-${n}`, bytes, mtime_ms: from_ms };
}

test('files go that begin before the days that they are kept, and then the oldest until the rest is small enough', () => {
  const now_ms = 100 * DAY_MS;
  const files = [
    file(1, now_ms - 31 * DAY_MS, 10),
    file(2, now_ms - 30 * DAY_MS, 40),
    file(3, now_ms - DAY_MS, 40),
    file(4, now_ms - 1, 40, true),
  ];
  const gone = (max_bytes: number, retention_days: number = 30): number[] =>
    expired(files, { max_bytes, retention_days }, now_ms).map(({ n }) => n);
  expect(gone(1_000)).toEqual([1]);
  expect(gone(119)).toEqual([1, 2]);
  // What a process writes to goes by age only.
  expect(gone(1)).toEqual([1, 2, 3]);
  expect(gone(1_000, 1)).toEqual([1, 2]);
});
