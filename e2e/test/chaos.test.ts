import { expect, test } from 'vitest';
import { runChaos } from '../src/chaos/run.ts';

test('sessions over a bad network: each task is answered once or reported as failed, and the books balance', async () => {
  const report = await runChaos({ seed: 1, sessions: 60, tasks: 4 });
  expect(report.problems).toEqual([]);
  expect(report.tasks).toBe(240);
  expect(report.answered).toBeGreaterThan(120);
  // How many there are depends on how the connections fall; without any the test would prove nothing.
  expect(report.cuts).toBeGreaterThan(3);
  expect(report.reconnects).toBeGreaterThan(120);
}, 180_000);
