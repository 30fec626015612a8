import { describe, expect, test } from 'vitest';
import { errorOf, type Running } from '../admin/harness.ts';
import { agentAt, agentsOf, ECHO, expectBalanced, gate, SIM, withAgents } from './rig.ts';
import { ESTIMATE, RawAgent } from './raw.ts';

/** One try, so that the first fault is what the client is told. */
const ONCE = { providers: [SIM, agentsOf({}, { retry: { max_attempts: 1 } })] };
const ask = (running: Running, model = 'agents/echo'): ReturnType<Running['chat']> => running.chat({ model });

/** An agent whose estimates no reader of frames takes. */
function spoilt(running: Running, estimate: object): RawAgent {
  const content = { ...(ESTIMATE.content as object), ...estimate };
  const agent: RawAgent = new RawAgent(running, ({ type }, { stream_id }) => {
    if (type !== 'adapter.estimate_request') return;
    agent.inject({ stream_id, msg_seq: 0, payload: { type: 'adapter.estimate', content } as never });
  });
  return agent;
}

describe('an estimate that cannot be read', () => {
  test.each([[-5], [1.5], ['10'], [1e308]])(
    'is told as such, costs the agent its session, and leaves other work to others: %j',
    async (in_tokens) => {
      const running = await withAgents();
      const begun = gate();
      const content = { ...(ESTIMATE.content as object), in_tokens };
      const agent: RawAgent = new RawAgent(running, ({ type, content: asked }, { stream_id, say }) => {
        if (type === 'agent.dispatch') begun.open();
        const is_other = ((asked as { task?: { model?: string } }).task?.model ?? '') === 'other';
        if (type !== 'adapter.estimate_request') return;
        if (!is_other) say(ESTIMATE);
        else agent.inject({ stream_id, msg_seq: 0, payload: { type: 'adapter.estimate', content } as never });
      });
      await agent.start({ adapter_id: 'echo', models: ['other'] });
      const stuck = ask(running);
      await begun.opened;
      await agentAt(running, { run: ECHO }).start();
      const reply = await ask(running, 'agents/other');
      expect([reply.status, errorOf(reply)]).toMatchObject([
        502,
        { code: 'upstream_error', message: expect.stringContaining('answered with an estimate that is none') },
      ]);
      await agent.until(() => agent.session.phase === 'closed');
      expect((await stuck).json).toMatchObject({ choices: [{ message: { content: 'You said: hello' } }] });
      expectBalanced(running);
    },
  );

  test('three times is not asked a fourth time, on whatever session, until it has passed its time or comes in another version', async () => {
    const running = await withAgents({}, ONCE);
    for (const _ of [1, 2, 3]) {
      const agent = spoilt(running, { out_tokens: -1 });
      await agent.start();
      expect((await ask(running)).status).toBe(502);
      await agent.until(() => agent.session.phase === 'closed');
    }
    await spoilt(running, {}).start();
    expect(errorOf(await ask(running)).message).toContain('keeps to the protocol');
    const { json } = await running.admin('GET', '/connected-agents');
    const strike = { fault: 'bad_estimate', sentence: 'A6' };
    expect(json['data']).toMatchObject([{ state: 'non_compliant', compliance: { strikes: [strike, strike, strike] } }]);
    await spoilt(running, { out_tokens: -1 }).start({ adapter_id: 'echo', version: '2' });
    expect(errorOf(await ask(running)).code).toBe('upstream_error');
    expectBalanced(running);
  });
});
