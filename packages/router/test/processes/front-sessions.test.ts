import { AtpClient } from '@atp-router/sdk';
import { expect, it } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { scrape } from '../observe/scrape.ts';
import { agentAt, agentsOf, ECHO, SIM } from '../agents/rig.ts';
import { startProcesses } from './support/processes.ts';

it('lists the sessions of all workers, and ends any', async () => {
  const { workers } = await startProcesses(2);
  const clients = workers.map(
    ({ url }) => new AtpClient({ url, key: TENANT_KEY, reconnect: { base_ms: 1, cap_ms: 5 } }),
  );
  for (const client of clients) await client.task({ prompt: 'Hi', model: 'small' }).result();
  const [one, two] = workers;
  const list = await one?.admin('GET', '/sessions');
  const data = list?.json['data'] as { tenant: string; session_id: string }[];
  expect([list?.json['total'], data.length]).toEqual([2, 2]);
  expect((await two?.admin('GET', '/sessions?tenant=nobody'))?.json).toEqual({ total: 0, data: [], truncated: false });
  if (one !== undefined) expect((await scrape(one)).sum('atp_sessions', { state: 'connected' })).toBe(2);
  for (const { tenant, session_id } of data) {
    const ended = await two?.admin('DELETE', `/sessions/${tenant}/${session_id}`);
    expect(ended?.json).toEqual({ tenant, session_id, ended: true });
  }
  expect((await two?.admin('DELETE', `/sessions/acme/${data[0]?.session_id}`))?.status).toBe(404);
  await Promise.all(clients.map((client) => client.close()));
});

it('lists and checks the agents of all workers', async () => {
  const tenants = [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }];
  const { workers } = await startProcesses(2, { providers: [SIM, agentsOf()], tenants });
  const [one, two] = workers;
  if (one === undefined || two === undefined) throw new Error('there are two');
  await agentAt(one, { run: ECHO, id: 'echo' }).start();
  await agentAt(two, { run: ECHO, id: 'parrot' }).start();
  const list = await one.admin('GET', '/connected-agents');
  expect(list.json).toMatchObject({
    total: 2,
    data: [
      { id: 'agent_1@worker:1', adapter_id: 'echo', state: 'ready' },
      { id: 'agent_1@worker:2', adapter_id: 'parrot', state: 'ready' },
    ],
  });
  const checked = await two.admin('POST', '/connected-agents/check', {});
  expect(checked.json).toMatchObject({
    ...{ ok: true, total: 2 },
    data: [{ adapter_id: 'echo' }, { adapter_id: 'parrot' }],
  });
  expect((await two.admin('POST', '/connected-agents/check', { adapter_id: 'none' })).status).toBe(404);
  const provider = await one.admin('POST', '/providers/agents/check');
  expect(provider.json).toMatchObject({ ok: true, models: ['echo', 'parrot'] });
  expect((await scrape(one)).sum('atp_agents', { state: 'ready' })).toBe(2);
});
