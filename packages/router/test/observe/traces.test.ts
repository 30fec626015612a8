import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { upstream } from '../admin/upstream.ts';
import { collector, type Span } from './collector.ts';
import { chatWith, scrape } from './scrape.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-01`;
const NOT_SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-00`;

const telemetryTo = (endpoint: string, sample_ratio = 1): Record<string, unknown> => ({
  telemetry: { otlp: { endpoint, sample_ratio } },
});

/** The spans of a trace: the call's, and those of its attempts in their order. */
function tree(spans: readonly Span[]): { readonly call: Span; readonly attempts: readonly Span[] } {
  const [call, ...others] = spans.filter((span) => span.kind === 2);
  if (call === undefined || others.length > 0) throw new Error(`${others.length + 1} calls`);
  const attempts = spans.filter((span) => span.parentSpanId === call.spanId);
  return { call, attempts: attempts.sort((a, b) => a.start_ms - b.start_ms) };
}

it('a call of a traced client is a span of its trace, with tenant, tier, tokens and cost', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest(telemetryTo(endpoint, 0));
  const began_ms = Date.now();
  const reply = await chatWith(running, TENANT_KEY, { traceparent: SAMPLED, 'x-atp-qos': 'bronze' });
  await running.stop();
  const { call, attempts } = tree(spans);
  expect([call.traceId, call.parentSpanId]).toEqual([TRACE_ID, PARENT_ID]);
  const usage = reply.json['usage'] as { prompt_tokens: number; completion_tokens: number };
  expect(call.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'sim',
    'gen_ai.request.model': 'small',
    'gen_ai.response.model': 'small',
    'gen_ai.usage.input_tokens': usage.prompt_tokens,
    'gen_ai.usage.output_tokens': usage.completion_tokens,
    'http.route': '/v1/chat/completions',
    'http.response.status_code': 200,
    'atp.call_id': reply.headers['x-atp-request-id'],
    'atp.cost_usd_micros': Number(reply.headers['x-atp-cost-usd-micros']),
    'atp.tenant': 'acme',
    'atp.key_id': 'k1',
    'atp.qos': 'bronze',
    'atp.outcome': 'ok',
  });
  expect(call.status.code).toBe(0);
  expect(call.start_ms).toBeGreaterThanOrEqual(began_ms);
  expect(call.end_ms).toBeLessThanOrEqual(Date.now() + 1);
  expect(attempts.length).toBe(1);
  const [attempt] = attempts as [Span];
  expect([attempt.traceId, attempt.kind, attempt.name]).toEqual([TRACE_ID, 3, 'chat small']);
  // Records keep tenths of milliseconds, so a child's end may be rounded past its parent's.
  expect(attempt.start_ms).toBeGreaterThanOrEqual(call.start_ms - 0.2);
  expect(attempt.end_ms).toBeLessThanOrEqual(call.end_ms + 0.2);
});

it('a call whose client does not sample leaves no span', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest(telemetryTo(endpoint));
  expect((await chatWith(running, TENANT_KEY, { traceparent: NOT_SAMPLED })).status).toBe(200);
  await running.stop();
  expect(spans).toEqual([]);
});

it('a call without a traceparent, or with one that is none, begins a trace of its own', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest(telemetryTo(endpoint));
  await chatWith(running, TENANT_KEY, {});
  const malformed = [
    '00-xyz',
    `ff-${TRACE_ID}-${PARENT_ID}-00`,
    `00-${'0'.repeat(32)}-${PARENT_ID}-00`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-00`,
    `${NOT_SAMPLED}-more`,
    `${NOT_SAMPLED}x`,
    `01-${TRACE_ID}-${PARENT_ID}-00more`,
    NOT_SAMPLED.toUpperCase(),
  ];
  for (const traceparent of malformed) await chatWith(running, TENANT_KEY, { traceparent });
  await running.stop();
  const calls = spans.filter((span) => span.kind === 2);
  expect(calls.map((span) => span.parentSpanId ?? '')).toEqual(['', ...malformed.map(() => '')]);
  expect(new Set(calls.map((span) => span.traceId)).size).toBe(1 + malformed.length);
});

it('a traceparent of a later version is read as far as it is known', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest(telemetryTo(endpoint, 0));
  await chatWith(running, TENANT_KEY, { traceparent: `cc-${TRACE_ID}-${PARENT_ID}-01-what-the-future-will-be-like` });
  await running.stop();
  const { call } = tree(spans);
  expect([call.traceId, call.parentSpanId]).toEqual([TRACE_ID, PARENT_ID]);
});

it('each attempt is a span at its own time, with what it asked and why it failed', async () => {
  const { endpoint, spans } = await collector();
  const { base_url } = await upstream((_req, res) => {
    res
      .writeHead(503, { 'content-type': 'application/json' })
      .end('{"error":{"message":"busy","type":"server_error"}}');
  });
  const model = { context: 128_000, capabilities: ['chat'] };
  const running = await startForTest({
    ...telemetryTo(endpoint),
    providers: [
      { id: 'sim', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } },
      { id: 'bad', type: 'openai', base_url, api_key: 'x', retry: { max_attempts: 2, base_ms: 5, cap_ms: 5 } },
    ],
    models: [
      { ...model, id: 'small', provider: 'sim', price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } },
      {
        ...model,
        id: 'big',
        provider: 'bad',
        upstream_model: 'gpt-x',
        price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
      },
    ],
    policies: [{ id: 'review', fallback: ['big', 'small'] }],
  });
  const reply = await chatWith(running, TENANT_KEY, {}, { model: 'policy:review', stream: true });
  expect(reply.status).toBe(200);
  await running.stop();
  const { call, attempts } = tree(spans);
  expect(attempts.map((span) => [span.name, span.status.code])).toEqual([
    ['chat gpt-x', 2],
    ['chat gpt-x', 2],
    ['chat small', 0],
  ]);
  const [first, second, third] = attempts as [Span, Span, Span];
  expect(first.end_ms).toBeLessThan(second.start_ms);
  expect(second.end_ms).toBeLessThanOrEqual(third.start_ms + 0.2);
  expect(first.attributes).toMatchObject({
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-x',
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(base_url).port),
    'http.response.status_code': 503,
    'error.type': 'upstream_error',
    'atp.provider': 'bad',
    'atp.model': 'big',
    'atp.attempt': 1,
    'atp.attempt.kind': 'primary',
    'atp.outcome': 'error',
  });
  expect([second, third].map((span) => span.attributes['atp.attempt.kind'])).toEqual(['retry', 'fallback']);
  expect(third.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
  expect(call.attributes).toMatchObject({
    'gen_ai.request.model': 'policy:review',
    'gen_ai.request.stream': true,
    'gen_ai.response.model': 'small',
    'atp.policy': 'review',
    'atp.attempts': 3,
  });
});

it('a call that fails is a span with an error', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest({
    ...telemetryTo(endpoint),
    providers: [{ id: 'sim', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, error_rate: 1 } }],
  });
  const reply = await running.chat({});
  await running.stop();
  const { call } = tree(spans);
  const code = (reply.json['error'] as { code: string }).code;
  expect([call.status, call.attributes['error.type']]).toEqual([{ code: 2, message: code }, code]);
  expect(call.attributes['http.response.status_code']).toBe(reply.status);
});

it.each([
  ['refuses', (res: ServerResponse): void => void res.writeHead(404).end()],
  ['never answers', (): void => undefined],
])('a collector that %s does nothing to calls, and stopping does not depend on it', async (_what, react) => {
  const { endpoint } = await collector(react);
  const running = await startForTest(telemetryTo(endpoint));
  for (let i = 0; i < 5; i += 1) expect((await running.chat({})).status).toBe(200);
  const read = await scrape(running);
  expect(read.sum('atp_calls_total', { outcome: 'ok' })).toBe(5);
  expect(read.sum('atp_trace_spans_exported_total')).toBe(0);
  expect(read.sum('atp_trace_spans_dropped_total')).toBe(0);
  await expect(running.stop()).resolves.toBeUndefined();
});

it('nothing of a prompt, an answer or a key is in a span', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest(telemetryTo(endpoint));
  const secret = 'the-secret-of-the-prompt';
  const reply = await chatWith(running, TENANT_KEY, {}, { messages: [{ role: 'user', content: secret }] });
  await running.stop();
  const [choice] = reply.json['choices'] as [{ message: { content: string } }];
  const text = JSON.stringify(spans);
  for (const hidden of [secret, TENANT_KEY, choice.message.content]) expect(text).not.toContain(hidden);
});
