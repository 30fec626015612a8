import { findValkey, ValkeyServer } from '@atp-router/adapters/testing';
import { expect, onTestFinished, test } from 'vitest';
import { runProcessKills } from '../src/processes/run.ts';

/** The server, the owner, and both workers, once each. */
const KILLS = 4;

test.skipIf(findValkey() === undefined)(
  'the same where limits are held over Valkey, which is killed as well and comes back empty',
  { timeout: 300_000 },
  async () => {
    const server = await ValkeyServer.start();
    onTestFinished(() => server.stop());
    const report = await runProcessKills(1, KILLS, server, 250);
    expect(report.problems).toEqual([]);
    expect(report.kills).toEqual({ valkey: 1, owner: 1, 'worker:1': 1, 'worker:2': 1 });
    expect(report.charged_calls).toBe(report.budget_calls);
  },
);
