import { expect, test } from 'vitest';
import { runChaos } from '../src/chaos/run.ts';

test('sessions over a bad network: each task is answered once or reported as failed, and the books balance', async () => {
  const report = await runChaos({ seed: 1, sessions: 30, tasks: 4 });
  expect(report.problems).toEqual([]);
  const { websocket, http } = report.carriers;
  expect([websocket.sessions, websocket.tasks, http.sessions, http.tasks]).toEqual([20, 80, 10, 40]);
  expect(websocket.answered).toBeGreaterThan(40);
  expect(http.answered).toBeGreaterThan(20);
  // How many there are depends on how the connections fall; without any the test would prove nothing.
  expect(report.cuts).toBeGreaterThan(1);
  expect(websocket.reconnects).toBeGreaterThan(40);
  expect(http.reconnects).toBeGreaterThan(20);
  expect(http.reads_on).toBeGreaterThan(1);
}, 180_000);
