import { expect, test } from 'vitest';
import { configOf, dataDir, start, TENANT_KEY } from '../admin/harness.ts';
import { agentsOf, SIM, tenantOf } from './rig.ts';

const SECRET = 'ab'.repeat(32);

test('keys of agents that lead nowhere, and signing keys that have all ended, are told at the start, and not again', async () => {
  const told: string[] = [];
  const signing_keys = [{ id: 's1', secret: SECRET, not_after: '2020-01-01T00:00:00Z' }];
  const config = configOf(dataDir(), {
    providers: [SIM, agentsOf({ keys: ['acme/k1', 'acme/k2', 'nobody/k1'] })],
    tenants: [tenantOf('acme', TENANT_KEY), tenantOf('signed', 'key-2', { signing_keys, require_signatures: true })],
  });
  const running = await start({ config, onProblem: (source, { message }) => told.push(`${source} ${message}`) });
  expect(told).toEqual([
    expect.stringContaining(
      'config providers[1].agent.keys[1]: "acme/k2" leads nowhere, tenant "acme" has no key "k2"',
    ),
    expect.stringContaining(
      'config providers[1].agent.keys[2]: "nobody/k1" leads nowhere, there is no tenant "nobody"',
    ),
    expect.stringContaining('config tenants[1].signing_keys: no signing key of tenant "signed" is good now'),
  ]);
  expect(told.join()).not.toContain(SECRET);
  // Made as the words say, and nothing is told anew.
  const made = await running.admin('POST', '/keys', { tenant: 'acme', id: 'k2' });
  expect(made.status).toBeLessThan(300);
  expect(told).toHaveLength(3);
  await running.stop();
});
