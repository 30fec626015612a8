import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { IdempotencyIndex } from '../../src/engine/idempotency.ts';
import { configOf, dataDir, start, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { type Answer, chunk, through, upstream } from '../admin/upstream.ts';

type Section = Readonly<Record<string, unknown>>;

test('breaker and readiness settings of a provider hold from the reload on, also for models that were used', async () => {
  const up = await upstream((_req, res) => res.writeHead(500).end());
  const section = through(up.base_url);
  const [provider] = section['providers'] as Section[];
  const dir = dataDir();
  const config = (more: Section, models = section['models']): ReturnType<typeof configOf> =>
    configOf(dir, { models, providers: [{ ...provider, retry: { max_attempts: 1 }, ...more }] });
  const { router, admin, chat, stop } = await start({ config: config({}) });
  try {
    const target = async (): Promise<Section | undefined> =>
      ((await admin('GET', '/live')).json['targets'] as Section[])[0];
    await chat({});
    expect(await target()).toMatchObject({ breaker: 'closed' });
    const strict = { breaker: { min_calls: 1, failure_ratio: 0.1, open_ms: 3_600_000 } };
    expect(router.manager.replaceBase(config(strict)).ok).toBe(true);
    // What was counted before stays: the second failure is enough now.
    await chat({});
    expect(await target()).toMatchObject({ breaker: 'open' });
    // A model that is gone is forgotten with its breaker.
    const other = { id: 'other', provider: 'up', context: 8_000 };
    expect(router.manager.replaceBase(config(strict, [other])).ok).toBe(true);
    expect(router.manager.replaceBase(config(strict)).ok).toBe(true);
    expect(await target()).toMatchObject({ breaker: 'closed', samples: 0 });
  } finally {
    await stop();
  }
});

test('the silence that is allowed to clients holds from the reload on', async () => {
  const gone = Promise.withResolvers<void>();
  // More than any buffer on the way holds.
  const flood: Answer = (_req, res) => {
    res.once('close', gone.resolve);
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = (): void => {
      while (!res.destroyed && res.write(chunk({ content: 'x'.repeat(60_000) })));
      res.once('drain', more);
    };
    more();
  };
  const section = through((await upstream(flood)).base_url);
  const { router } = await startForTest(section);
  const { data_dir } = router.manager.config;
  expect(router.manager.replaceBase(configOf(data_dir, { ...section, limits: { idle_ms: 1_000 } })).ok).toBe(true);
  const body = JSON.stringify({ model: 'small', stream: true, messages: [{ role: 'user', content: 'go' }] });
  const socket = connect(router.server.address.port, '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${TENANT_KEY}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await gone.promise;
  socket.destroy();
});

test('the number of outcomes in memory holds from the reload on', async () => {
  const { router, url } = await startForTest();
  const ask = (key: string): Promise<unknown> =>
    call(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}`, 'idempotency-key': key },
      body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hi' }] }),
    });
  const size = (): number => {
    const { idempotency } = router.engine.parts;
    return idempotency instanceof IdempotencyIndex ? idempotency.size : -1;
  };
  for (const key of ['a', 'b', 'c', 'd']) await ask(key);
  expect(size()).toBe(4);
  router.manager.replaceBase(configOf(router.manager.config.data_dir, { idempotency: { max_entries: 2 } }));
  await ask('e');
  expect(size()).toBeLessThanOrEqual(3);
});

test('a reload names the keys that it cannot bring into force', async () => {
  const { admin, router } = await startForTest();
  const more = {
    limits: { header_bytes: 20_000, relay_high_water_bytes: 2_048, idle_ms: 5_000 },
    journal: { fsync: 'never', fsync_interval_ms: 7, segment_bytes: 2_000_000, retain_days: 7 },
    idempotency: { max_entries: 5 },
    telemetry: { otlp: { endpoint: 'http://127.0.0.1:4318/v1/traces', headers: { a: 'b' } }, log_level: 'error' },
  };
  router.manager.replaceBase(configOf(router.manager.config.data_dir, more));
  expect((await admin('GET', '/config')).json['restart_needed']).toEqual([
    ...['limits.header_bytes', 'limits.relay_high_water_bytes'],
    ...['journal.fsync', 'journal.fsync_interval_ms', 'journal.segment_bytes', 'journal.retain_days'],
    ...['telemetry.otlp.endpoint', 'telemetry.otlp.headers', 'telemetry.otlp.sample_ratio'],
  ]);
});
