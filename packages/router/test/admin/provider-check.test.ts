import { expect, it } from 'vitest';
import { startForTest } from './harness.ts';
import { through, upstream } from './upstream.ts';

it('lists the models that a provider offers', async () => {
  const up = await upstream((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ object: 'list', data: [{ id: 'gpt-x' }, { id: 'gpt-y' }] }));
  });
  const { admin } = await startForTest(through(up.base_url));
  const reply = await admin('POST', '/providers/up/check');
  expect([reply.status, reply.json]).toEqual([
    200,
    { ok: true, latency_ms: expect.any(Number), models: ['gpt-x', 'gpt-y'] },
  ]);
  expect(up.seen).toEqual(['GET /v1/models Bearer sk-upstream-secret']);
});

it('reports what went wrong without the words of the provider', async () => {
  const answers = [
    [401, '{"error":{"message":"Incorrect API key provided: sk-upstream-secret"}}', 'key is not accepted'],
    [404, '', 'no list of models'],
    [429, '{}', 'out of quota'],
    [500, 'oops', 'may be down'],
    [200, '<html>', 'not JSON'],
    [200, '[]', 'no JSON object'],
    [200, '{}', 'without "data"'],
  ] as const;
  const script = answers.map(([status, body]) => ({ status, body }));
  const up = await upstream((_req, res) => {
    const { status, body } = script.shift() ?? { status: 500, body: '' };
    res.writeHead(status);
    res.end(body);
  });
  const { admin } = await startForTest(through(up.base_url));
  for (const [status, , words] of answers) {
    const reply = await admin('POST', '/providers/up/check');
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      ok: false,
      latency_ms: expect.any(Number),
      error: { code: 'upstream_error', message: expect.stringContaining(words), ...(status >= 300 ? { status } : {}) },
    });
    expect(reply.text).not.toContain('sk-upstream-secret');
  }
});

it('reports a provider that is not there, and one that hangs up', async () => {
  const { admin } = await startForTest({
    ...through('http://127.0.0.1:1/v1'),
  });
  expect((await admin('POST', '/providers/up/check')).json).toMatchObject({
    ok: false,
    error: { code: 'upstream_error' },
  });
  expect((await admin('POST', '/providers/nope/check')).status).toBe(404);
});

it('checks a simulated provider', async () => {
  const { admin } = await startForTest();
  const check = async (): Promise<unknown> => (await admin('POST', '/providers/sim/check')).json;
  expect(await check()).toMatchObject({ ok: true, models: ['small'] });
  await admin('POST', '/models', { id: 'mine', provider: 'sim', upstream_model: 'sim-large', context: 1_000 });
  expect(await check()).toMatchObject({ ok: true, models: ['sim-large', 'small'] });
});
