import { expect, test } from 'vitest';
import { runProcessKills } from '../src/processes/run.ts';

/** The owner, and both workers, once each. */
const KILLS = 3;

test('kill -9 of workers and owner under traffic: nothing lost, nothing doubled, and the budget to its last call', async () => {
  const report = await runProcessKills(1, KILLS, undefined, 250);
  expect(report.problems).toEqual([]);
  expect(report.kills).toEqual({ owner: 1, 'worker:1': 1, 'worker:2': 1 });
  expect(report.charged_calls).toBe(report.budget_calls);
  expect(report.interrupted).toBeGreaterThan(0);
  expect(report.repeats).toBeGreaterThan(KILLS);
}, 300_000);
