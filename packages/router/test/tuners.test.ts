import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startForTest } from './admin/harness.ts';

const LOADS = join(import.meta.dirname, '..', '..', '..', 'examples', 'loads');

/** A model whose window is that of the recorded load. */
function config(kind: string, load: string, max_concurrency: number): Record<string, unknown> {
  const price = { in_usd_per_mtok: 0, out_usd_per_mtok: 0 };
  return {
    models: [{ id: 'small', provider: 'sim', context: 128_000, price, max_concurrency }],
    flow: {
      aimd: { base: BASE },
      tuners: [{ model: 'small', kind, latency_ms: 2_500, proof: join(LOADS, load) }],
    },
  };
}

const BASE = 8;
const MAX = 32;

test('a learned tuner starts with a load on which it beats PID', async () => {
  const { chat, admin } = await startForTest(config('learned', 'learned.jsonl', MAX));
  expect((await chat({})).status).toBe(200);
  const accounts = (await admin('GET', '/flow')).json['accounts'] as { account: string; calls: { window: number } }[];
  const found = accounts.find(({ account }) => account === 'deployment:sim/small');
  expect(found?.calls.window).toBeLessThanOrEqual(MAX);
});

test.each([
  ['that PID wins', 'pid.jsonl', /^flow\.tuners\[0\]: the learned tuner may not run with this proof\. .*PID/],
  ['that is not there', 'none.jsonl', /^flow\.tuners\[0\]\.proof: the file cannot be read \(ENOENT\)\./],
])('it does not start with a load %s', async (_what, load, words) => {
  await expect(startForTest(config('learned', load, MAX))).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(words),
  });
});
