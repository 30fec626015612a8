import type { ReloadOutcome } from '@atp-router/adapters';
import { expect, it } from 'vitest';
import { configOf, errorOf, hashOf, startForTest, TENANT_KEY } from './harness.ts';

it('tells what the process is', async () => {
  const { admin, url, router } = await startForTest();
  const { status, json } = await admin('GET', '/status');
  expect(status).toBe(200);
  expect(json).toEqual({
    node_id: router.node_id,
    version: '1.2.3',
    uptime_s: expect.any(Number),
    generation: 1,
    config_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    listening: url,
    draining: false,
    calls_in_flight: 0,
    journal: { epoch: 1, seq: expect.any(Number), file_bytes: expect.any(Number) },
    store: expect.objectContaining({ type: 'sqlite' }),
    simulated: true,
  });
});

it('shows the configuration without its secrets', async () => {
  const secret = 'sk-very-secret-value';
  const { admin } = await startForTest({
    providers: [
      {
        ...{ id: 'up', type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: secret },
        headers: { 'x-org': `org-${secret}` },
      },
    ],
    models: [{ id: 'small', provider: 'up', context: 1_000 }],
    telemetry: { otlp: { endpoint: 'http://127.0.0.1:9', headers: { 'x-token': secret } } },
  });
  const reply = await admin('GET', '/config');
  expect(reply.text).not.toContain(secret);
  expect(reply.text).not.toContain(hashOf(TENANT_KEY).slice(7));
  const config = reply.json['config'] as Record<string, never>;
  expect(config['providers']).toMatchObject([{ id: 'up', api_key: '***', headers: { 'x-org': '***' } }]);
  expect(config['tenants']).toMatchObject([
    { id: 'acme', keys: [{ id: 'k1', hash: '***' }], budget: { usd_per_day: 50 } },
  ]);
  expect(config['admin']).toEqual({ keys: [{ id: 'root', hash: '***' }] });
  expect(config['telemetry']).toMatchObject({ otlp: { headers: { 'x-token': '***' } } });
  expect(reply.json['restart_needed']).toEqual([]);
});

it('reloads the file when asked, and says what came of it', async () => {
  const outcomes: ReloadOutcome[] = [];
  const onReload = (): ReloadOutcome => outcomes.shift() ?? { kind: 'unchanged' };
  const origin = { kind: 'file', file: '/etc/atp.yaml' } as const;
  const { admin, router } = await startForTest({}, { onReload, origin });
  expect((await admin('POST', '/config/reload')).json).toEqual({
    result: 'unchanged',
    problems: [],
    restart_needed: [],
  });

  const problem = { line: 3, column: 1, path: 'models', message: 'is missing', expected: 'a list' };
  outcomes.push({ kind: 'invalid', problems: [problem], text: '' });
  const invalid = await admin('POST', '/config/reload');
  expect(invalid.json).toEqual({
    ...{ result: 'rejected', file: '/etc/atp.yaml' },
    ...{ problems: [problem], restart_needed: [] },
  });
  expect(router.manager.generation.number).toBe(1);

  const other = configOf(router.manager.config.data_dir, { listen: { port: 1 }, tenants: [{ id: 'beta' }] });
  outcomes.push({ kind: 'changed', config: other, restart_needed: ['listen.port'] });
  const changed = await admin('POST', '/config/reload');
  expect(changed.json).toEqual({ result: 'applied', problems: [], restart_needed: ['listen.port'] });
  expect(router.manager.generation.number).toBe(2);
  expect((await admin('GET', '/tenants/acme')).status).toBe(404);
  expect((await admin('GET', '/tenants/beta')).status).toBe(200);
});

it('applies a reloaded file once when the watcher has applied it already', async () => {
  const { admin, router } = await startForTest(
    {},
    {
      onReload: () => {
        const config = configOf(router.manager.config.data_dir, { tenants: [] });
        router.manager.replaceBase(config);
        return { kind: 'changed', config, restart_needed: [] };
      },
    },
  );
  expect((await admin('POST', '/config/reload')).json['result']).toBe('applied');
  expect(router.manager.generation.number).toBe(2);
});

it('rejects a file that does not fit what was made through the API', async () => {
  const onReload = (): ReloadOutcome => ({
    kind: 'changed',
    config: configOf(router.manager.config.data_dir, {
      providers: [{ id: 'other', type: 'sim' }],
      models: [{ id: 'large', provider: 'other', context: 1_000 }],
    }),
    restart_needed: [],
  });
  const { admin, router } = await startForTest({}, { onReload });
  await admin('POST', '/models', { id: 'mine', provider: 'sim', context: 1_000 });
  const reply = await admin('POST', '/config/reload');
  expect(reply.json).toMatchObject({ result: 'rejected', problems: [{ message: expect.stringContaining('sim') }] });
  expect((await admin('GET', '/models/small')).status).toBe(200);
});

it('has nothing to reload without a file', async () => {
  const { admin } = await startForTest();
  const reply = await admin('POST', '/config/reload');
  expect([reply.status, errorOf(reply).code]).toEqual([409, 'conflict']);
});
