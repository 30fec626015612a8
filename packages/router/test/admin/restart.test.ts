import { expect, it } from 'vitest';
import { configOf, dataDir, errorOf, start } from './harness.ts';

it('what operators did survives a restart', async () => {
  const dir = dataDir();
  const sources = { env: (name: string) => (name === 'UP_KEY' ? 'sk-secret' : undefined), file: () => undefined };
  const options = { config: configOf(dir), sources };
  const first = await start(options);
  const made = [
    ['/tenants', { id: 'beta', budget: { usd_per_day: 3 } }],
    ['/tenants', { id: 'gone' }],
    ['/providers', { id: 'up', type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: '${UP_KEY}' }],
    ['/models', { id: 'org/m', provider: 'up', context: 1_000 }],
    ['/models', { id: 'other', provider: 'sim', context: 1_000 }],
  ] as const;
  for (const [path, body] of made) expect((await first.admin('POST', path, body)).status).toBe(201);
  expect((await first.admin('PUT', '/tenants/beta', { budget: { usd_per_day: 4 } })).status).toBe(200);
  expect((await first.admin('DELETE', '/tenants/gone')).status).toBe(200);
  const keys: string[] = [];
  for (const id of ['works', 'disabled', 'revoked']) {
    keys.push(String((await first.admin('POST', '/keys', { tenant: 'beta', id })).json['key']));
  }
  await first.admin('POST', '/keys/beta/disabled/disable');
  await first.admin('DELETE', '/keys/beta/revoked');
  await first.admin('POST', '/kill', { scope: 'model', id: 'other', on: true, reason: 'it lies' });
  await first.admin('POST', '/kill', { scope: 'tenant', id: 'acme', on: true, reason: 'paused' });
  await first.admin('POST', '/kill', { scope: 'tenant', id: 'acme', on: false });
  const paths = ['/tenants', '/providers', '/models', '/keys', '/kill'];
  const before = [];
  for (const path of paths) before.push((await first.admin('GET', path)).json);
  await first.stop();

  const second = await start(options);
  try {
    const after = [];
    for (const path of paths) after.push((await second.admin('GET', path)).json);
    expect(after).toEqual(before);
    expect(after[0]).toMatchObject({
      data: [{ id: 'acme' }, { id: 'beta', budget: { usd_per_day: 4 }, source: 'admin' }],
    });
    expect(after[4]).toMatchObject({ data: [{ scope: 'model', id: 'other', reason: 'it lies', by: 'root' }] });
    const replies = [];
    for (const key of keys) replies.push(await second.chat({}, key));
    expect(replies.map((reply) => reply.status)).toEqual([200, 401, 401]);
    expect(errorOf(await second.chat({ model: 'other' })).message).toContain('switched off');
  } finally {
    await second.stop();
  }
});
