import { Agent, type Runtime } from '@atp-router/sdk';
import type { Frame } from '@atp-router/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Running, TENANT_KEY } from '../admin/harness.ts';
import { withdrawn } from '../atp/socket.ts';
import { type Spoil, spoiledRuntime } from '../atp/spoiled.ts';
import { ECHO, withAgents } from './rig.ts';

function agentOver(running: Running, runtime: Runtime): Agent {
  const reconnect = { base_ms: 1, cap_ms: 5 };
  const agent = new Agent({ url: running.url, key: TENANT_KEY, id: 'echo', run: ECHO, reconnect }, runtime);
  onTestFinished(() => agent.stop());
  return agent;
}

/** Loses the first messages of a type; counts all of them. */
function losing(type: string, times: number): { readonly spoil: Spoil; count: number } {
  const seen = {
    count: 0,
    spoil: (frame: Frame): Frame => {
      if (frame.payload?.type !== type) return frame;
      seen.count += 1;
      return seen.count <= times ? withdrawn(frame) : frame;
    },
  };
  return seen;
}

describe('an agent is there although', () => {
  test.each([
    ['what it can do', 'out', 'adapter.capability'],
    ['the answer to it', 'back', 'adapter.accepted'],
  ])('%s did not arrive at first', async (_what, way, type) => {
    const running = await withAgents();
    const lost = losing(type, 2);
    const agent = agentOver(running, spoiledRuntime({ [way]: lost.spoil }));
    expect(await agent.start()).toEqual(['agents/echo']);
    expect(lost.count).toBe(3);
    expect((await running.chat({ model: 'agents/echo' })).status).toBe(200);
  });
});

test('an agent whose word never arrives is told so by start()', async () => {
  const running = await withAgents();
  const lost = losing('adapter.capability', Number.POSITIVE_INFINITY);
  const agent = agentOver(running, spoiledRuntime({ out: lost.spoil }));
  await expect(agent.start()).rejects.toMatchObject({
    ...{ code: 'ETIMEOUT', message: 'What the agent says of itself did not arrive.' },
  });
  expect(lost.count).toBe(3);
});
