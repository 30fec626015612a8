import { expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { through, upstream } from '../admin/upstream.ts';
import { asked, held } from './support.ts';

const say = [{ role: 'user', content: 'hello' }];
const SIM = { type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } };
const MODEL = { provider: 'sim', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } };
const MODELS = {
  providers: [{ id: 'sim', ...SIM }],
  models: [
    { ...MODEL, id: 'small', capabilities: ['chat', 'tools'] },
    { ...MODEL, id: 'vector', capabilities: ['embeddings'] },
  ],
};

const ENDPOINTS: readonly [string, Record<string, unknown>][] = [
  ['chat/completions', { model: 'small', messages: say }],
  ['messages', { model: 'small', max_tokens: 50, messages: say }],
  ['responses', { model: 'small', input: 'hello' }],
  ['ask', { model: 'small', prompt: 'hello' }],
];

const CASES = [
  ...ENDPOINTS.flatMap(([path, body]) => [
    [path, body] as const,
    [path, { ...body, stream: true }] as const,
    [path, { ...body, tools: tools(path) }] as const,
  ]),
  ['embeddings', { model: 'vector', input: 'hello' }] as const,
];

/** One tool, in the shape of an endpoint. */
function tools(path: string): object[] {
  const parameters = { type: 'object', properties: {} };
  if (path === 'messages') return [{ name: 'f', input_schema: parameters }];
  if (path === 'responses') return [{ type: 'function', name: 'f', parameters, strict: false }];
  return [{ type: 'function', function: { name: 'f', parameters } }];
}

test.each(CASES)('simulated answers say so: %s %j', async (path, body) => {
  const { url } = await startForTest(MODELS);
  const headers = { authorization: `Bearer ${TENANT_KEY}`, 'idempotency-key': 'k' };
  const ask = () => call(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const first = await ask();
  expect([first.status, first.headers['x-atp-simulated']]).toEqual([200, 'true']);
  const again = await ask();
  expect(again.headers).toMatchObject({ 'x-atp-idempotent-replay': 'true', 'x-atp-simulated': 'true' });
});

test('others do not', async () => {
  const real = held();
  const { base_url } = await upstream(real.answer);
  const running = await startForTest(through(base_url));
  const pending = asked(running, {});
  (await real.next())(200);
  expect([(await pending).status, (await pending).headers['x-atp-simulated']]).toEqual([200, undefined]);
});
