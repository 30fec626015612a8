import { expect, test } from 'vitest';
import { JOURNAL_POINTS, PROJECTION_POINTS } from '../src/kill/points.ts';
import { runKills } from '../src/kill/run.ts';

/** Every named point once, three signals in the middle of traffic, and crashes while it settles the crash before. */
const KILLS = 20;

test('kill -9: nothing lost, nothing doubled, nothing left reserved; the upstream’s own log is the oracle', async () => {
  const report = await runKills(1, KILLS);
  expect(report.problems).toEqual([]);
  for (const point of [...JOURNAL_POINTS, ...PROJECTION_POINTS]) expect(report.points[point]).toBeGreaterThan(0);
  expect(report.interrupted).toBeGreaterThan(KILLS);
  expect(report.repeats).toBeGreaterThan(KILLS);
}, 300_000);
