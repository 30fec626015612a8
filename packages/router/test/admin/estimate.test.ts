import { expect, it } from 'vitest';
import { errorOf, startForTest } from './harness.ts';
import { through, upstream } from './upstream.ts';

const chat = { model: 'small', messages: [{ role: 'user', content: 'How much would this cost?' }], max_tokens: 100 };

it('gives the whole estimate of each candidate and the plan, and sends nothing', async () => {
  const up = await upstream((_req, res) => res.end());
  const section = through(up.base_url);
  const { admin, router } = await startForTest({
    ...section,
    models: [
      ...(section['models'] as object[]),
      { id: 'big', provider: 'up', upstream_model: 'gpt-y', context: 400_000, capabilities: ['chat'] },
    ],
    policies: [{ id: 'review', match: { task_type: 'code_review' }, fallback: ['small', 'big'] }],
  });
  const before = router.ledger.journal.stats().seq;
  const reply = await admin('POST', '/estimate', {
    endpoint: 'chat.completions',
    body: chat,
    task_type: 'code_review',
  });
  expect(reply.status).toBe(200);
  expect(reply.json).toEqual({
    tenant: 'acme',
    qos: 'silver',
    policy: 'review',
    agent: null,
    max_attempts: 6,
    plan: {
      primary: { model: 'small', provider: 'up' },
      escalation: [{ model: 'big', provider: 'up' }],
      why: expect.arrayContaining([expect.stringContaining('review')]),
      expected_cost_usd_micros: [expect.any(Number), expect.any(Number)],
    },
    choices: 1,
    candidates: [
      {
        ...{ model: 'small', provider: 'up', target: 'up/gpt-x', simulated: false, priced: true },
        estimate: {
          in_tokens: expect.any(Number),
          out_tokens: 100,
          usd_micros: expect.any(Number),
          variance: { tokens: expect.any(Number), usd: expect.any(Number) },
          confidence: 0,
          tool_cost_breakdown: [],
          tool_token_estimates: [],
          assumptions: expect.arrayContaining([expect.stringContaining('4 bytes per token')]),
        },
        effective: { tokens: expect.any(Number), usd_micros: expect.any(Number) },
      },
      expect.objectContaining({ model: 'big', priced: false }),
    ],
  });
  const [first] = reply.json['candidates'] as [{ estimate: Record<string, number>; effective: { tokens: number } }];
  const { in_tokens = 0, out_tokens = 0, usd_micros } = first.estimate;
  expect(usd_micros).toBe(in_tokens + 2 * out_tokens);
  expect(first.effective.tokens).toBeGreaterThan(in_tokens + out_tokens);
  expect(up.seen).toEqual([]);
  expect(router.ledger.journal.stats().seq).toBe(before);
  expect((await admin('GET', '/live')).json).toMatchObject({ tenants: [{ outstanding: { calls: 0, usd_micros: 0 } }] });
});

it('counts tools that run at the provider', async () => {
  const { admin } = await startForTest({
    providers: [{ id: 'claude', type: 'anthropic', base_url: 'http://127.0.0.1:9', api_key: 'sk' }],
    models: [{ id: 'small', provider: 'claude', context: 10_000, capabilities: ['chat', 'tools'] }],
  });
  const body = { ...chat, tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] };
  const reply = await admin('POST', '/estimate', { endpoint: 'messages', body });
  expect(reply.json['candidates']).toMatchObject([
    { estimate: { tool_cost_breakdown: [{ tool: 'web_search', usd_micros: 30_000 }], usd_micros: 30_000 } },
  ]);
});

it('reads every shape', async () => {
  const { admin } = await startForTest();
  const shapes = [
    ['messages', chat],
    ['responses', { model: 'small', input: 'hello' }],
    ['ask', { model: 'small', prompt: 'hello' }],
  ] as const;
  for (const [endpoint, body] of shapes) {
    const reply = await admin('POST', '/estimate', { endpoint, body });
    expect([reply.status, reply.json['plan']]).toMatchObject([200, { primary: { model: 'small' } }]);
  }
});

it('reads embeddings', async () => {
  const { admin } = await startForTest({
    models: [{ id: 'vec', provider: 'sim', context: 8_000, capabilities: ['embeddings'] }],
  });
  const reply = await admin('POST', '/estimate', { endpoint: 'embeddings', body: { model: 'vec', input: ['a', 'b'] } });
  expect(reply.json['candidates']).toMatchObject([{ model: 'vec', estimate: { out_tokens: 0 } }]);
});

it('says what a call would be told', async () => {
  const { admin } = await startForTest({ tenants: [{ id: 'a', data_scopes: ['public'] }, { id: 'b' }] });
  const ask = (more: object) => admin('POST', '/estimate', { endpoint: 'chat.completions', body: chat, ...more });
  const nobody = await ask({});
  expect([nobody.status, errorOf(nobody).param]).toEqual([400, 'tenant']);
  const stranger = await ask({ tenant: 'c' });
  expect([stranger.status, errorOf(stranger).code]).toEqual([401, 'unauthorized']);
  const scope = await ask({ tenant: 'a', data_scope: ['secret'] });
  expect([scope.status, errorOf(scope).code]).toEqual([403, 'policy_denied']);
  expect((await ask({ tenant: 'a', data_scope: ['public'] })).status).toBe(200);
  const model = await ask({ tenant: 'a', body: { ...chat, model: 'nope' } });
  expect([model.status, errorOf(model).code]).toEqual([404, 'model_not_found']);
  expect((await ask({ tenant: 'a', endpoint: 'nope' })).status).toBe(400);
  expect((await ask({ tenant: 'a', body: 'text' })).status).toBe(400);
  expect((await ask({ tenant: 'a', qos: 'platinum' })).status).toBe(400);
  expect((await ask({ tenant: 'a', data_scope: [1] })).status).toBe(400);
});
