import { expect, test } from 'vitest';
import { errorOf, hashOf, startForTest, TENANT_KEY } from './admin/harness.ts';
import { call, type Reply } from './admin/http.ts';
import { upstream } from './admin/upstream.ts';
import { chatWith, scrape } from './observe/scrape.ts';

const TENANT = { id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], qos_max: 'gold' };

test('a tenant whose objective is broken has its bronze calls refused, with the number, and gold goes on', async () => {
  const running = await startForTest({ tenants: [{ ...TENANT, slo: { p95_ms: 1 } }] });
  const ask = (qos: string): Promise<Reply> => chatWith(running, TENANT_KEY, { 'x-atp-qos': qos });
  for (let i = 0; i < 20; i += 1) expect((await ask('silver')).status).toBe(200);
  // Calls of a second are judged together.
  let refused = await ask('bronze');
  while (refused.status === 200) refused = await ask('bronze');
  expect([refused.status, errorOf(refused).code, errorOf(refused).param]).toEqual([429, 'rate_limited', 'qos']);
  expect(errorOf(refused).message).toMatch(
    /^Calls of tier bronze of tenant "acme" are held back: .*duration in milliseconds is \d+, the objective 1\./,
  );
  expect(refused.headers['retry-after']).toBe('10');
  expect((await ask('gold')).status).toBe(200);
  const { json } = await running.admin('GET', '/flow');
  expect(json['tenants']).toMatchObject([{ tenant: 'acme', held_back: ['bronze'] }]);
  expect((await scrape(running)).sum('atp_flow_held_back_tiers', { tenant: 'acme' })).toBe(1);
});

test('what an hour has cost holds back whoever can wait', async () => {
  const running = await startForTest({ tenants: [{ ...TENANT, slo: { usd_per_hour: 0.000_001 } }] });
  const ask = (qos: string): Promise<Reply> => chatWith(running, TENANT_KEY, { 'x-atp-qos': qos });
  let refused = await ask('bronze');
  while (refused.status === 200) refused = await ask('bronze');
  expect(refused.status).toBe(429);
  expect(errorOf(refused).message).toContain('what the last hour cost in US dollars is');
  expect((await ask('gold')).status).toBe(200);
});

test('a tool that could be used more often than the policy allows is not sent', async () => {
  const up = await upstream((_req, res) => {
    const usage = { input_tokens: 10, output_tokens: 2, server_tool_use: { web_search_requests: 1 } };
    const content = [{ type: 'text', text: 'Here.' }];
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(
      JSON.stringify({
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'c',
        content,
        stop_reason: 'end_turn',
        usage,
      }),
    );
  });
  const running = await startForTest({
    providers: [{ id: 'up', type: 'anthropic', base_url: up.base_url.replace(/\/v1$/, ''), api_key: 'k' }],
    models: [
      {
        id: 'm',
        provider: 'up',
        context: 100_000,
        capabilities: ['chat', 'tools'],
        price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
      },
    ],
    policies: [{ id: 'p', match: { model: 'm' }, fallback: ['m'], tool_caps: { web_search: { uses: 3, usd: 0.02 } } }],
    tenants: [TENANT],
  });
  const ask = (tool: object): Promise<Reply> =>
    call(`${running.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}`, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({
        ...{ model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] },
        tools: [{ type: 'web_search_20250305', name: 'web_search', ...tool }],
      }),
    });
  const messageOf = (reply: Reply): string => (reply.json['error'] as { message: string }).message;
  const endless = await ask({});
  expect(endless.status).toBe(429);
  // A search costs a cent at Anthropic: two cents are two of them, although three are allowed.
  expect(messageOf(endless)).toBe(
    'The policy allows at most 2 uses of tool "web_search" (0.01 US dollars each) in one call, and the request could use it more often. Say "max_uses" of 2 or less for it.',
  );
  expect((await ask({ max_uses: 3 })).status).toBe(429);
  expect((await ask({ max_uses: 2 })).status).toBe(200);
  expect(up.seen).toHaveLength(1);
});
