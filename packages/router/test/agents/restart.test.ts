import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, start, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, gate, SIM, tenantOf } from './rig.ts';

test('an agent is known again by the capability that it says anew, at a router that was restarted', async () => {
  const dir = dataDir();
  const parts = { providers: [SIM, agentsOf()], tenants: [tenantOf('acme', TENANT_KEY)] };
  const first = await start({ config: configOf(dir, parts) });
  const { port } = first.router.server.address;
  const resumed = gate<boolean>();
  let connections = 0;
  const agent = agentAt(first, {
    run: ECHO,
    onLink: (event) => {
      if (event.type !== 'connected') return;
      connections += 1;
      if (connections === 2) resumed.open(event.resumed);
    },
  });
  await agent.start();
  await first.stop();
  const second = await start({ config: configOf(dir, { ...parts, listen: { port } }) });
  onTestFinished(() => second.stop());
  // The session outlives the process; the roster does not.
  expect(await resumed.opened).toBe(true);
  for (;;) {
    const reply = await second.chat({ model: 'agents/echo' });
    if (reply.status === 503) continue;
    expect(reply.json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    break;
  }
});
