import { valkeyCluster } from '@atp-router/adapters';
import { findValkey } from '@atp-router/adapters/testing';
import { dayNumber } from '@atp-router/flow';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { until } from '../shared/support/time.ts';
import { led, Machine } from './support/machine.ts';
import { serverFor } from './support/two-machines.ts';

/** Calls that are kept for whoever leads next, of the workers of all machines. */
function keptAt(url: string): () => Promise<number> {
  const nothing = (): void => undefined;
  const cluster = valkeyCluster({
    ...{ url, prefix: 'atp', self: 'test#1', settled_ms: 1_000 },
    ...{ onMessages: nothing, onLost: nothing, onProblem: nothing },
  });
  onTestFinished(() => cluster.close());
  return async () => {
    const kept = await cluster.kept(dayNumber(Date.now())).catch(() => []);
    return kept.reduce((sum, { account, used }) => sum + (account === 'tenant:acme' ? used.calls : 0), 0);
  };
}

async function spent(machine: Machine, calls: number): Promise<void> {
  for (let i = 0; i < calls; i += 1) expect((await machine.ask(`call ${i}`)).status).toBe(200);
}

describe.skipIf(findValkey() === undefined)('a machine that held the limits and is gone', { timeout: 120_000 }, () => {
  it('has spent what it spent: the others know, and know better when it is back', async () => {
    const url = (await serverFor()).url();
    const options = { url, tenant: { budget: { calls_per_day: 7 } } };
    const dirs = [dataDir(), dataDir()] as const;
    const first = await Machine.start({ ...options, dir: dirs[0] });
    await led(first);
    const second = await Machine.start({ ...options, dir: dirs[1] });
    await led(first, second);
    await spent(first, 4);
    await spent(second, 1);
    const kept = keptAt(url);
    await until(async () => (await kept()) === 5);
    await first.stop();

    await second.until(({ role, is_recovering }) => role === 'leader' && !is_recovering);
    await until(() => second.knows('acme', 5));
    await spent(second, 1);

    const again = await Machine.start({ ...options, dir: dirs[0] });
    await led(second, again);
    await spent(again, 1);
    for (const machine of [second, again]) expect((await machine.ask('one more')).status).toBe(429);
    await until(() => second.knows('acme', 7));
  });
});
