import { join } from 'node:path';
import { openLink, systemClock, systemTimers } from '@atp-router/adapters';
import { expect, it, onTestFinished } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { scrape } from '../observe/scrape.ts';
import { startProcesses } from './support/processes.ts';

/** A worker that is linked and answers nothing. */
async function silentWorker(data_dir: string, n: number): Promise<void> {
  const path = join(data_dir, 'run', 'owner.sock');
  await new Promise<void>((resolve) => {
    const link = openLink({
      ...{ path, version: '1.2.3', timers: systemTimers, clock: systemClock },
      hello: () => ({ n, incarnation: 1, node_id: `silent.w${n}` }),
      handlers: {
        onMessage: () => undefined,
        onQuestion: () => new Promise(() => undefined),
        onDown: () => undefined,
      },
      onUp: () => resolve(),
      onRefused: (reason) => expect.unreachable(reason),
      onProblem: () => undefined,
    });
    onTestFinished(() => link.close());
  });
}

it('a worker that does not answer is left out, and said to be', async () => {
  const { workers, config } = await startProcesses(1);
  const [one] = workers;
  if (one === undefined) throw new Error('there is one');
  await one.chat({});
  await silentWorker(config.data_dir, 2);
  const [seen, status, live, unknown] = await Promise.all([
    scrape(one),
    one.admin('GET', '/status'),
    one.admin('GET', '/live'),
    one.admin('POST', '/calls/call_x/cancel'),
  ]);
  expect(seen.sum('atp_calls_total')).toBe(1);
  expect(seen.sum('atp_processes', { state: 'answered' })).toBe(2);
  expect(seen.sum('atp_processes', { state: 'silent' })).toBe(1);
  expect(status.json['processes']).toMatchObject([
    { process: 'owner', answers: true },
    { process: 'worker:1', answers: true },
    { process: 'worker:2', answers: false },
  ]);
  expect(live.json).toMatchObject({ calls_total: 0 });
  // It may be the one that has the call.
  expect([unknown.status, errorOf(unknown).code]).toEqual([503, 'backpressure']);
}, 30_000);
