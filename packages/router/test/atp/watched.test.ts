import { AtpClient, type ClientOptions } from '@atp-router/sdk';
import type { SessionDenied } from '@atp-router/ledger';
import { type Frame, hasFlag } from '@atp-router/wire';
import { expect, onTestFinished, test } from 'vitest';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { scrape } from '../observe/scrape.ts';
import { spoiledRuntime } from './spoiled.ts';

const SECRET = '11'.repeat(32);

function clientOf({ url }: Running, more: Partial<ClientOptions> = {}): AtpClient {
  const client = new AtpClient({ url, key: TENANT_KEY, reconnect: { base_ms: 1, cap_ms: 5 }, ...more });
  onTestFinished(() => client.close());
  return client;
}

async function metric(running: Running, name: string, labels: Readonly<Record<string, string>>): Promise<number> {
  return (await scrape(running)).sum(name, labels) ?? 0;
}

interface Shown {
  readonly total: number;
  readonly truncated: boolean;
  readonly data: readonly { readonly session_id: string; readonly [name: string]: unknown }[];
}

async function sessions(running: Running): Promise<Shown> {
  return (await running.admin('GET', '/sessions')).json as unknown as Shown;
}

test('a session is seen by operators, counted, and ended by them', async () => {
  const running = await startForTest();
  const client = clientOf(running);
  await client.task({ prompt: 'Hi', model: 'small' }).result();
  const { total, truncated, data } = await sessions(running);
  expect({ total, truncated, shown: data[0] }).toMatchObject({
    ...{ total: 1, truncated: false },
    shown: { tenant: 'acme', key_id: 'k1', connected: true, encoding: 'cbor', signed: false },
  });
  expect(await metric(running, 'atp_sessions', { state: 'connected' })).toBe(1);
  expect(await metric(running, 'atp_session_events_total', { event: 'opened' })).toBe(1);
  expect(await metric(running, 'atp_frames_total', { way: 'in', type: 'agent.dispatch' })).toBe(1);
  expect(await metric(running, 'atp_frames_total', { way: 'out', type: 'agent.result.final' })).toBe(1);
  expect(await metric(running, 'atp_messages_total', { way: 'in', outcome: 'delivered' })).toBe(1);
  const ended = await running.admin('DELETE', `/sessions/acme/${data[0]?.session_id ?? ''}`);
  expect(ended.status).toBe(200);
  expect((await sessions(running)).total).toBe(0);
  expect((await running.admin('DELETE', `/sessions/acme/${data[0]?.session_id ?? ''}`)).status).toBe(404);
});

test('a key that is revoked ends its sessions, and a smaller window is told to those that stay', async () => {
  const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
  const config = { tenants: [{ id: 'acme', keys, window: { max_parallel: 64 } }] };
  const running = await startForTest(config);
  await clientOf(running).task({ prompt: 'Hi', model: 'small' }).result();
  const { router } = running;
  const base = router.manager.file_config;
  const [tenant] = base.tenants;
  if (tenant === undefined) throw new Error('the configuration has no tenant');
  router.manager.replaceBase({ ...base, tenants: [{ ...tenant, window: { ...tenant.window, max_parallel: 2 } }] });
  expect((await sessions(running)).data[0]).toMatchObject({ window: { max_parallel: 2 } });
  expect(await metric(running, 'atp_window_updates_total', { way: 'out', change: 'shrunk' })).toBe(1);
  router.manager.replaceBase({ ...base, tenants: [{ ...tenant, keys: [] }] });
  expect((await sessions(running)).total).toBe(0);
  expect(await metric(running, 'atp_session_events_total', { event: 'aborted' })).toBe(1);
});

test('a window that a client asked for holds whatever the configuration says later, and whatever the tenant may', async () => {
  const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
  const running = await startForTest({ tenants: [{ id: 'acme', keys, window: { max_parallel: 64 } }] });
  const { router } = running;
  const out = (frame: Frame): Frame => (hasFlag(frame, 'SYN') ? { ...frame, window: { max_parallel: 4 } } : frame);
  const client = new AtpClient({ url: running.url, key: TENANT_KEY }, spoiledRuntime({ out }));
  onTestFinished(() => client.close());
  await client.task({ prompt: 'Hi', model: 'small' }).result();
  const shown = async (): Promise<unknown> => (await sessions(running)).data[0]?.['window'];
  const base = router.manager.file_config;
  const apply = (max_parallel: number): void => {
    const [tenant] = base.tenants;
    if (tenant === undefined) throw new Error('the configuration has no tenant');
    router.manager.replaceBase({ ...base, tenants: [{ ...tenant, window: { ...tenant.window, max_parallel } }] });
  };
  expect(await shown()).toMatchObject({ max_parallel: 4 });
  apply(32);
  expect(await shown()).toMatchObject({ max_parallel: 4 });
  apply(2);
  expect(await shown()).toMatchObject({ max_parallel: 2 });
  apply(64);
  expect(await shown()).toMatchObject({ max_parallel: 4 });
});

test('who signs with a wrong key is in the journal, with the address that it came from', async () => {
  const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
  const signing_keys = [{ id: 's1', secret: SECRET }];
  const running = await startForTest({ tenants: [{ id: 'acme', keys, signing_keys, require_signatures: true }] });
  const denied: SessionDenied[] = [];
  running.router.bus.listen((event) => {
    if (event.type === 'session.denied') denied.push(event);
  });
  const wrong = clientOf(running, { signing_keys: [{ id: 's1', secret: '22'.repeat(32) }] });
  await expect(wrong.task({ prompt: 'Hi', model: 'small' }).result()).rejects.toThrow();
  const none = clientOf(running);
  await expect(none.task({ prompt: 'Hi', model: 'small' }).result()).rejects.toThrow();
  const entry = { tenant: 'acme', key_id: 'k1', error: 'ESEC', remote_address: '127.0.0.1', suppressed: 0 };
  for (const event of denied) expect(event).toMatchObject(entry);
  expect(new Set(denied.map(({ session_id }) => session_id)).size).toBe(2);
  expect(await metric(running, 'atp_sessions_refused_total', { code: 'ESEC' })).toBe(1);
  expect(await metric(running, 'atp_session_anomalies_total', { kind: 'unauthentic' })).toBeGreaterThan(0);
  expect(JSON.stringify(denied)).not.toContain(SECRET);
});

/** One more than an answer holds. */
const MANY = 1_001;
const AT_A_TIME = 50;

test('a list of sessions that is cut says so', { timeout: 60_000 }, async () => {
  const running = await startForTest({ sessions: { keep: false } });
  const open = async (i: number): Promise<void> => {
    const payload = { type: 'control.hello', content: { encodings: ['json'] } };
    const frame = {
      v: 1,
      session_id: `session-number-${i}`,
      stream_id: '0',
      msg_seq: 0,
      flags: ['SYN', 'CTRL'],
      payload,
    };
    const headers = { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' };
    const { status } = await call(`${running.url}/v1/streams`, {
      method: 'POST',
      headers,
      body: JSON.stringify(frame),
    });
    expect(status).toBe(201);
  };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next; i < MANY; i = next) {
      next += 1;
      await open(i);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const { total, truncated, data } = await sessions(running);
  expect({ total, truncated, shown: data.length }).toEqual({ total: MANY, truncated: true, shown: 1_000 });
  const ended = await running.admin('DELETE', `/sessions/acme/${data[0]?.session_id ?? ''}`);
  expect(ended.status).toBe(200);
  const whole = await sessions(running);
  expect([whole.truncated, whole.data.length]).toEqual([false, 1_000]);
});
