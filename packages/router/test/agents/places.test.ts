import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { AgentRoster } from '../../src/atp/agents/roster.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, SIM, withAgents } from './rig.ts';
import { after, piece, RawAgent } from './raw.ts';

describe('a name that is too long', () => {
  test('by which calls would name it is refused, and the session goes on', async () => {
    const sessions = { max_agents_per_tenant: 1 };
    const running = await withAgents({}, { sessions });
    const agent = new RawAgent(running, () => undefined);
    const longest = 'z'.repeat(128 - 'agents/'.length);
    for (const name of [{ adapter_id: `${longest}z` }, { adapter_id: 'echo', models: [`${longest}z`] }]) {
      expect(await (agent.session.phase === 'open' ? say(agent, name) : agent.start(name))).toMatchObject({
        type: 'error',
        content: {
          code: 'EPROTO',
          reason: expect.stringContaining('"adapter_id" and "models" have 121 characters at most'),
          details: { adapter_id: name.adapter_id },
        },
      });
    }
    expect(await say(agent, { adapter_id: longest })).toMatchObject({
      type: 'adapter.accepted',
      content: { routes: [`agents/${longest}`] },
    });
  });

  const say = (agent: RawAgent, content: object): ReturnType<RawAgent['tell']> =>
    agent.tell({ type: 'adapter.capability', content: content as never });
});

describe('a session that', () => {
  test('breaks down gives its place back, and what it worked on is done elsewhere', async () => {
    const running = await withAgents({}, { providers: [SIM, agentsOf()], sessions: { max_agents_per_tenant: 2 } });
    const broken = new RawAgent(
      running,
      after(({ say }) => {
        say(piece('lost'));
        broken.say({ type: 'adapter.health', content: { adapter_id: 'echo', status: 'faulty' } });
      }),
    );
    await broken.start();
    // A fault in the router, in the middle of what the agent says.
    const { health } = AgentRoster.prototype;
    const fault = vi.spyOn(AgentRoster.prototype, 'health').mockImplementation(function (this: AgentRoster, ...told) {
      if (told[1].status === 'faulty') throw new Error('a fault');
      health.apply(this, told);
    });
    onTestFinished(() => fault.mockRestore());
    await agentAt(running, { run: ECHO }).start();
    const reply = await running.chat({ model: 'agents/echo' });
    expect(fault).toHaveBeenCalled();
    await agentAt(running, { run: ECHO, id: 'two' }).start();
    expect(reply.json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
    const { json } = await running.admin('GET', '/connected-agents');
    expect((json['data'] as { adapter_id: string }[]).map(({ adapter_id }) => adapter_id)).toEqual(['echo', 'two']);
    expectBalanced(running);
  });
});
