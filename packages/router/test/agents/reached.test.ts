import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument } from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { errorOf, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, SIM, tenantOf, withAgents } from './rig.ts';

const root = join(import.meta.dirname, '../../../..');
const STRICT = agentsOf({}, { allow_any_model: false });
const SMALL = { id: 'small', provider: 'sim', context: 9_999 };
const PARROT = { id: 'bird', provider: 'agents', upstream_model: 'parrot', context: 9_999 };

describe('an agent', () => {
  test('that is declared is named, and that no call can reach is refused, with words for both sides', async () => {
    const problems: string[] = [];
    const onProblem = (source: string, { message }: AtpError): unknown => problems.push(`${source}: ${message}`);
    const more = { providers: [SIM, STRICT], models: [SMALL, PARROT], tenants: [tenantOf('acme', TENANT_KEY)] };
    const running = await startForTest(more, { onProblem });
    const names = await agentAt(running, { run: ECHO, id: 'mine', models: ['parrot'] }).start();
    expect(names).toEqual(['agents/parrot', 'bird']);
    for (const model of names) expect((await running.chat({ model })).status).toBe(200);
    expect((await running.chat({ model: 'agents/mine' })).status).toBe(404);
    const words = 'No model leads to agent "mine" at provider "agents"';
    for (const _ of [1, 2]) {
      await expect(agentAt(running, { run: ECHO, id: 'mine' }).start()).rejects.toMatchObject({
        code: 'EPOLICY',
        message: expect.stringContaining(words),
      });
    }
    expect(problems).toEqual([expect.stringContaining(`config: An agent of key "acme/k1" was refused. ${words}`)]);
    expect(problems[0]).toContain('"upstream_model: mine"');
  });

  test('that its tenant may not name is refused, unless a policy leads to it', async () => {
    const tenants = [tenantOf('acme', TENANT_KEY, { models: ['small'] })];
    const policies = [{ id: 'spare', match: { model: 'small' }, fallback: ['agents/spare'] }];
    const running = await withAgents({}, { models: [SMALL], tenants, policies });
    await expect(agentAt(running, { run: ECHO }).start()).rejects.toMatchObject({
      code: 'EPOLICY',
      message: expect.stringContaining('Tenant "acme" may not name "agents/echo"'),
    });
    expect(await agentAt(running, { run: ECHO, id: 'spare' }).start()).toEqual([]);
  });
});

describe('the configuration of docs/operations/agents.md', () => {
  const example = readFileSync(join(root, 'examples/agents.yaml'), 'utf8');

  /** As it is there, with keys that a test has. */
  const documented = (): Readonly<Record<string, unknown>> => {
    const found = readDocument(example) as unknown as Readonly<Record<string, unknown>>;
    const tenants = (found['tenants'] as { id: string }[]).map((tenant) => ({
      ...tenant,
      keys: [{ id: 'k1', hash: hashOf(tenant.id === 'platform' ? 'key-of-the-house' : TENANT_KEY) }],
    }));
    return { ...found, tenants };
  };

  test('takes agents in: a tenant’s own by its price, those of the house for all, and others where none is', async () => {
    expect(readFileSync(join(root, 'docs/operations/agents.md'), 'utf8')).toContain(example);
    const running = await startForTest(documented());
    const alone = await running.chat({ model: 'researcher' });
    expect(alone.headers['x-atp-model']).toBe('stand-in');
    const house = agentAt(running, { run: ECHO, id: 'research-agent', key: 'key-of-the-house' });
    expect(await house.start()).toEqual(['agents/research-agent', 'house/research-agent', 'researcher']);
    const own = agentAt(running, { run: ECHO, usd_micros_per_mtok: { in: 1_000_000, out: 2_000_000 } });
    expect(await own.start()).toEqual(['agents/echo']);
    for (const model of ['researcher', 'agents/echo']) {
      const reply = await running.chat({ model });
      expect(reply.json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    }
    // A tenant's own agent is none of the house, whatever its name.
    expect(await agentAt(running, { run: ECHO, id: 'research-agent' }).start()).toEqual(['agents/research-agent']);
    expect(errorOf(await running.chat({ model: 'house/echo' })).code).toBe('model_not_found');
  });
});
