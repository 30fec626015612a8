import { errorPayload } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { call } from '../admin/http.ts';
import { agentAt, ECHO, gate, withAgents } from './rig.ts';
import { after, ESTIMATE, final, piece, RawAgent, type RawStream } from './raw.ts';

interface Checked {
  readonly adapter_id: string;
  readonly ok: boolean;
  readonly sentences: readonly { readonly sentence: string; readonly outcome: string; readonly detail?: string }[];
}

async function check(running: Awaited<ReturnType<typeof withAgents>>, body: object = {}): Promise<Checked[]> {
  const { status, json } = await running.admin('POST', '/connected-agents/check', body);
  expect(status).toBe(200);
  return json['data'] as Checked[];
}

const outcomes = (one: Checked | undefined): string[] =>
  (one?.sentences ?? []).map(({ sentence, outcome }) => `${sentence} ${outcome}`);

describe('an operator', () => {
  test('sees who has dialled in, and how they are', async () => {
    const running = await withAgents();
    expect((await running.admin('GET', '/connected-agents')).json).toEqual({ total: 0, data: [], truncated: false });
    await agentAt(running, { run: ECHO, models: ['parrot'], version: '1.2' }).start();
    await running.chat({ model: 'agents/echo' });
    const { json } = await running.admin('GET', '/connected-agents');
    expect(json).toMatchObject({
      total: 1,
      data: [
        {
          ...{
            adapter_id: 'echo',
            tenant: 'acme',
            key_id: 'k1',
            routes: ['agents/echo', 'agents/parrot'],
            version: '1.2',
          },
          ...{ state: 'ready', connected: true, status: 'READY', suggested_window: { max_parallel: 8 } },
          in_flight: { dispatches: 0, tokens: 0, usd_micros: 0 },
          compliance: { is_compliant: true, reason: null, strikes: [] },
        },
      ],
    });
    const provider = await running.admin('POST', '/providers/agents/check');
    expect(provider.json).toMatchObject({ ok: true, models: ['echo', 'parrot'] });
  });

  test('has an agent checked by sentence, and nobody pays', async () => {
    const running = await withAgents();
    const seen = gate<boolean>();
    await agentAt(running, {
      capabilities: ['chat', 'usage'],
      async *run(task, context) {
        seen.open(context.check);
        return yield* ECHO(task, context) as AsyncGenerator<
          string,
          { usage: { in_tokens: number; out_tokens: number } }
        >;
      },
    }).start();
    const [one] = await check(running, { adapter_id: 'echo' });
    expect(await seen.opened).toBe(true);
    expect(one?.ok).toBe(true);
    expect(outcomes(one)).toEqual(['A6 passed', 'A9 passed', 'A10 passed', 'A10 passed']);
    const usage = await running.admin('GET', '/usage/records');
    expect(usage.json['data']).toEqual([]);
  });

  test('is told what is wrong; an agent that passes is routed to again', async () => {
    const running = await withAgents();
    let is_right = false;
    const agent = new RawAgent(
      running,
      after(({ say }) => {
        say(piece('Hi'));
        say(is_right ? final('Hi') : undefined, true);
      }),
    );
    await agent.start();
    const [wrong] = await check(running);
    expect(outcomes(wrong)).toEqual(['A6 passed', 'A9 passed', 'A10 failed', 'A10 skipped']);
    expect(wrong?.sentences[2]?.detail).toBe('It ended its stream without a result.');
    expect((await running.chat({ model: 'agents/echo' })).status).toBe(503);
    const { json } = await running.admin('GET', '/connected-agents');
    expect(json['data']).toMatchObject([
      {
        state: 'non_compliant',
        compliance: { is_compliant: false, strikes: [{ fault: 'no_final', sentence: 'A10' }] },
      },
    ]);
    is_right = true;
    expect((await check(running))[0]?.ok).toBe(true);
    expect((await running.chat({ model: 'agents/echo' })).status).toBe(200);
  });

  test('has one agent checked while another one keeps a check waiting; who asks for that one too is told the same', async () => {
    const running = await withAgents();
    const slow: RawStream[] = [];
    const stuck = new RawAgent(running, ({ type }, stream) => {
      if (type === 'adapter.estimate_request') slow.push(stream);
    });
    await stuck.start({ adapter_id: 'stuck' });
    let asked = 0;
    const quick = new RawAgent(running, ({ type }, { say }) => {
      if (type === 'adapter.estimate_request') asked += 1;
      say(type === 'adapter.estimate_request' ? ESTIMATE : final('ready'), type === 'agent.dispatch');
    });
    await quick.start();
    const first = check(running, { adapter_id: 'stuck' });
    await stuck.until(() => slow.length === 1);
    expect((await check(running, { adapter_id: 'echo' }))[0]?.ok).toBe(true);
    const all = check(running);
    await quick.until(() => asked === 2);
    slow[0]?.say(errorPayload('EPOLICY', { reason: 'Not today.' }), true);
    const [told] = await first;
    expect((await all).find(({ adapter_id }) => adapter_id === 'stuck')).toEqual(told);
    expect(slow).toHaveLength(1);
  });

  test('is told that there is no such agent', async () => {
    const running = await withAgents();
    expect((await running.admin('POST', '/connected-agents/check', { adapter_id: 'nobody' })).status).toBe(404);
    expect((await running.admin('POST', '/connected-agents/check', { adapterid: 'x' })).status).toBe(400);
  });

  test('finds agents in the metrics', async () => {
    const running = await withAgents();
    await agentAt(running, { run: ECHO }).start();
    await running.chat({ model: 'agents/echo' });
    const { text } = await call(`${running.url}/metrics`);
    expect(text).toContain('atp_agents{state="ready"} 1');
    expect(text).toContain('atp_agent_dispatches_total{outcome="ok"} 1');
    expect(text).toContain('atp_agent_estimate_seconds_count 1');
    expect(text).toContain('atp_agent_strikes_total{fault="no_final"} 0');
  });
});
