import { request } from 'node:http';
import { expect, test } from 'vitest';
import { ownerSockets } from '../../src/processes/seat.ts';
import { ADMIN_KEY } from '../admin/harness.ts';
import { after, RawAgent } from '../agents/raw.ts';
import { agentAt, ECHO } from '../agents/rig.ts';
import { type Processes, trio, until, untilKnown } from './support/agent-processes.ts';

/** A request to the admin API of the owner, which listens on a socket of its own. */
function admin({ dir }: Processes, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
    const sent = request({ socketPath: ownerSockets(dir).http, method, path: `/admin/v1${path}`, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>));
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

test('an operator sees the agents of all workers, and may check each', async () => {
  const { processes, owner, one, two } = await trio();
  await agentAt(one, { run: ECHO }).start();
  const wrong = new RawAgent(
    two,
    after(({ say }) => say({ type: 'agent.result.final', content: 7 as never }, true)),
  );
  await wrong.start({ adapter_id: 'wrong', capabilities: ['chat'] });
  await untilKnown(owner, 'agents/echo');
  await untilKnown(owner, 'agents/wrong');
  const listed = await admin(processes, 'GET', '/connected-agents');
  expect(listed).toMatchObject({
    total: 2,
    data: [
      { id: 'w1/agent_1', adapter_id: 'echo', routes: ['agents/echo'], state: 'ready' },
      { id: 'w2/agent_1', adapter_id: 'wrong', state: 'ready' },
    ],
  });
  const checked = await admin(processes, 'POST', '/connected-agents/check', {});
  expect(checked).toMatchObject({
    ok: false,
    data: [
      { id: 'w1/agent_1', ok: true },
      { id: 'w2/agent_1', ok: false },
    ],
  });
  await until(() => owner.router.engine.parts.connected('acme').every(({ id }) => id !== 'agents/wrong'));
  const after_check = (await admin(processes, 'GET', '/connected-agents'))['data'] as object[];
  expect(after_check[1]).toMatchObject({ state: 'non_compliant' });
});
