import type { JsonObject } from '@atp-router/kernel';
import { hasFlag } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { configOf, good, provider, SILENCE, tenant } from '../engine/support/fixed.ts';
import { flowRig, TASK, windowsOf } from './flow-rig.ts';
import type { HubClient } from './client.ts';

const [S1, S2, S3] = ['s'.repeat(16), 't'.repeat(16), 'u'.repeat(16)] as const;
const SESSION = `session:a/${S1}`;

const LEVELS = {
  tenants: [
    tenant({
      window: { max_parallel: 40, max_tokens: 9_000 },
      key_window: { max_parallel: 30, max_tokens: 7_000 },
      session_window: { max_parallel: 20, max_usd_micros: 5_000 },
    }),
  ],
  flow: { window: { max_parallel: 25, max_tokens: 8_000 } },
};

/** It has ended already. */
const endOf = async (client: HubClient, stream: string): Promise<unknown> => {
  const last = (await client.answer(stream)).at(-1);
  return last?.type === 'error' ? (last.content as JsonObject)['code'] : last?.type;
};

describe('the window of a session', () => {
  test('is the least of those of router, tenant, key and session, part by part, and follows the configuration', async () => {
    const { stage, hub, open } = await flowRig(() => good(3, 10), LEVELS);
    const client = await open(S1);
    expect(client.session.view().peer_window).toEqual({ max_parallel: 20, max_tokens: 7_000, max_usd_micros: 5_000 });
    stage.world.reload(configOf({ ...LEVELS, flow: { window: { max_parallel: 5 } } }));
    hub.refresh();
    await client.until(() => client.session.view().peer_window.max_parallel === 5);
    expect(client.session.view().peer_window).toEqual({ max_parallel: 5, max_tokens: 7_000, max_usd_micros: 5_000 });
  });

  test('halves when tasks time out, as its account does, opens with timely ones, and is forgotten at the end', async () => {
    let is_well = false;
    const more = { tenants: [tenant({ qos_max: 'gold', window: { max_parallel: 16 } })] };
    const { hub, pass, open, ceiling } = await flowRig(() => (is_well ? good(3, 10) : SILENCE), more);
    const client = await open(S1);
    expect([ceiling(S1), windowsOf(client)]).toEqual([Infinity, [expect.objectContaining({ max_parallel: 16 })]]);
    // What times out together counts once in a hold.
    const late = Array.from({ length: 3 }, () => client.ask(TASK));
    await pass(300);
    for (const stream of late) expect(await endOf(client, stream)).toBe('ETIMEOUT');
    expect([ceiling(S1), client.session.view().peer_window.max_parallel]).toEqual([8, 8]);
    await pass(500);
    const again = client.ask(TASK);
    await pass(300);
    expect(await endOf(client, again)).toBe('ETIMEOUT');
    expect([ceiling(S1), client.session.view().peer_window.max_parallel]).toEqual([4, 4]);
    is_well = true;
    for (let i = 0; i < 12; i += 1) {
      await pass(600);
      const window = client.session.view().peer_window.max_parallel ?? 0;
      for (const stream of Array.from({ length: window }, () => client.ask(TASK)))
        await client.until(() => stream !== '');
      await pass(50);
    }
    const opened = ceiling(S1);
    expect(opened).toBeGreaterThan(4);
    expect(client.session.view().peer_window.max_parallel).toBe(opened);
    client.input({ type: 'finish' });
    await pass(3_000);
    expect(client.session.phase).toBe('closed');
    expect(ceiling(S1)).toBe(Infinity);
    expect(hub.flow.windows.find(SESSION)).toBeUndefined();
  });

  test('is its own: another session of the tenant keeps what it had', async () => {
    const { pass, open, ceiling } = await flowRig(() => SILENCE);
    const [slow, calm] = [await open(S1), await open(S2)];
    const stream = slow.ask(TASK);
    await pass(300);
    await slow.answer(stream);
    expect([ceiling(S1) < Infinity, ceiling(S2)]).toEqual([true, Infinity]);
    expect(windowsOf(slow)).toHaveLength(2);
    expect(windowsOf(calm)).toHaveLength(1);
  });

  test('halves when the client says that its way is crowded', async () => {
    const { open, ceiling } = await flowRig(() => good(3, 10), LEVELS);
    const client = await open(S1);
    client.input({ type: 'crowded', crowded: true });
    client.input({ type: 'window', window: { max_parallel: 1 } });
    await client.until(() => client.session.view().peer_window.max_parallel === 10);
    expect(ceiling(S1)).toBe(10);
  });

  test('halves when its calls wait beyond the high mark', async () => {
    const providers = [provider('p1', { max_concurrency: 1, queue_timeout_ms: 60_000 })];
    const more = { providers, tenants: [tenant({ window: { max_parallel: 32 } })] };
    const { pass, open, ceiling } = await flowRig(() => good(2, 1_200), more);
    const client = await open(S1);
    const [, second] = [client.ask(TASK), client.ask(TASK)];
    await pass(1_300);
    expect(ceiling(S1)).toBe(16);
    await pass(1_300);
    expect(await endOf(client, second)).toBe('agent.result.final');
  });

  test('follows nothing where the operator wants that', async () => {
    const { stage, hub, pass, open, ceiling } = await flowRig(() => SILENCE, LEVELS);
    const client = await open(S1);
    const stream = client.ask(TASK);
    await pass(300);
    await client.answer(stream);
    expect(ceiling(S1)).toBe(10);
    stage.world.reload(configOf({ ...LEVELS, flow: { ...LEVELS.flow, aimd: { enabled: false } } }));
    hub.refresh();
    await client.until(() => client.session.view().peer_window.max_parallel === 20);
    expect(ceiling(S1)).toBe(20);
  });
});

describe('marks on frames', () => {
  const marked = (client: HubClient): boolean => {
    const last = client.came.filter(({ flags }) => flags?.includes('CTRL') && !flags.includes('SYN')).at(-1);
    return last !== undefined && hasFlag(last, 'ECN');
  };
  /** The next control frame of the router: it acknowledges at once what comes again. */
  const asked = async (client: HubClient, pass: (ms: number) => Promise<void>): Promise<boolean> => {
    client.ask({ prompt: 'Hi', model: 'none' });
    await pass(100);
    return marked(client);
  };

  test.each(['tenant:a', 'key:a/k', SESSION])('are set while %s is under pressure', async (account) => {
    const { hub, pass, open } = await flowRig(() => good(3, 10));
    const [client, other] = [await open(S1), await open(S2)];
    const meters = hub.flow;
    expect(await asked(client, pass)).toBe(false);
    meters.marked(account, true);
    expect(await asked(client, pass)).toBe(true);
    expect(await asked(other, pass)).toBe(account !== SESSION);
    const late = await open(S3);
    expect(await asked(late, pass)).toBe(account !== SESSION);
    meters.marked(account, false);
    expect(await asked(client, pass)).toBe(false);
    expect(await asked(late, pass)).toBe(false);
  });

  test('are set for who has work while a provider is under pressure, until nobody waits there', async () => {
    const providers = [provider('p1', { max_concurrency: 1, max_queue: 100, queue_timeout_ms: 60_000 })];
    const flow = { aimd: { enabled: false } };
    const { stage, pass, open } = await flowRig(() => good(2, 200), { providers, flow });
    const [busy, idle] = [await open(S1), await open(S2)];
    const streams = Array.from({ length: 20 }, () => busy.ask(TASK));
    await pass(3_300);
    expect(stage.world.engine.gate.load('provider:p1').waiting).toBeGreaterThan(0);
    expect(await asked(busy, pass)).toBe(true);
    expect(marked(idle)).toBe(false);
    await pass(1_500);
    for (const stream of streams) expect(await endOf(busy, stream)).toBe('agent.result.final');
    expect(await asked(busy, pass)).toBe(false);
  });
});
