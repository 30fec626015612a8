import { expect, test } from 'vitest';
import { after, RawAgent } from '../agents/raw.ts';
import { agentAt, ECHO } from '../agents/rig.ts';
import { until } from '../shared/support/time.ts';
import { trio, untilKnown } from './support/agent-processes.ts';

test('an operator sees the agents of all workers, and may check each', async () => {
  const { owner, one, two } = await trio();
  await agentAt(one, { run: ECHO }).start();
  const wrong = new RawAgent(
    two,
    after(({ say }) => say({ type: 'agent.result.final', content: 7 as never }, true)),
  );
  await wrong.start({ adapter_id: 'wrong', capabilities: ['chat'] });
  await untilKnown(owner, 'agents/echo');
  await untilKnown(owner, 'agents/wrong');
  const listed = await one.admin('GET', '/connected-agents');
  expect(listed.json).toMatchObject({
    total: 2,
    data: [
      { id: 'w1/agent_1', adapter_id: 'echo', routes: ['agents/echo'], state: 'ready' },
      { id: 'w2/agent_1', adapter_id: 'wrong', state: 'ready' },
    ],
  });
  const checked = await one.admin('POST', '/connected-agents/check', {});
  expect(checked.json).toMatchObject({
    ok: false,
    data: [
      { id: 'w1/agent_1', ok: true },
      { id: 'w2/agent_1', ok: false },
    ],
  });
  await until(() => owner.router.engine.parts.connected('acme').every(({ id }) => id !== 'agents/wrong'));
  const after_check = (await one.admin('GET', '/connected-agents')).json['data'] as object[];
  expect(after_check[1]).toMatchObject({ state: 'non_compliant' });
});
