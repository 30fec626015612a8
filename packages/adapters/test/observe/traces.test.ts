import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { otlpTracing, type TraceOptions, type Tracing } from '../../src/observe/traces.ts';
import { receiver, type ReceivedSpan } from './receiver.ts';
import { attemptOf, endedOf } from './support.ts';

function tracingTo(endpoint: string, more: Partial<TraceOptions> = {}): Tracing {
  const upstream = { provider_name: 'openai', model: 'gpt-x', address: 'api.example', port: 443 };
  return otlpTracing({
    ...{ endpoint, headers: { 'x-token': 'secret' }, sample_ratio: 1, version: '1.2.3', node_id: 'node-a' },
    upstreamOf: (provider_id) => (provider_id === 'up' ? upstream : undefined),
    ...more,
  });
}

/** Times of the usage record are in milliseconds; a span's are in nanoseconds. */
const ns = (epoch_ms: number): bigint => BigInt(Math.round(epoch_ms * 10)) * 100_000n;

async function sent(...events: readonly Parameters<Tracing['onCallEnded']>[0][]): Promise<readonly ReceivedSpan[]> {
  const collector = await receiver();
  const tracing = tracingTo(collector.endpoint);
  for (const event of events) tracing.onCallEnded(event);
  await tracing.shutdown();
  return collector.spans;
}

describe('spans of a call', () => {
  it('are one for the call and one below it for each attempt, at their times', async () => {
    const first = attemptOf({ outcome: 'error', error: 'upstream_timeout', offset_ms: 0.5, latency_ms: 20 });
    const second = attemptOf({
      n: 2,
      kind: 'fallback',
      model: 'big',
      provider: 'other',
      offset_ms: 21,
      latency_ms: 30,
    });
    const event = endedOf({ attempts: [first, second], latency_ms: 52.3 });
    const spans = await sent(event);
    expect(spans.map((span) => [span.name, span.kind])).toEqual([
      ['chat gpt-x', 3],
      ['chat big', 3],
      ['chat small', 2],
    ]);
    const [a, b, call] = spans as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
    expect([a.parent_span_id, b.parent_span_id, call.parent_span_id]).toEqual([call.span_id, call.span_id, '']);
    expect(new Set(spans.map((span) => span.trace_id)).size).toBe(1);
    const t = event.started_ms;
    expect([call.start_ns, call.end_ns]).toEqual([ns(t), ns(t + 52.3)]);
    expect([a.start_ns, a.end_ns, b.start_ns, b.end_ns]).toEqual([ns(t + 0.5), ns(t + 20.5), ns(t + 21), ns(t + 51)]);
    expect([a.status, a.message, b.status, call.status]).toEqual([2, 'upstream_timeout', 0, 0]);
  });

  it('carry the attributes of the GenAI conventions and those of the router', async () => {
    const attempt = attemptOf({ upstream_status: 200 });
    const [child, call] = await sent(
      endedOf({
        attempts: [attempt],
        stream: true,
        policy: 'review',
        agent: 'reviewer.fast',
        task_type: 'code_review',
      }),
    );
    const usage = {
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 80,
      'gen_ai.usage.cache_read.input_tokens': 20,
      'gen_ai.usage.cache_creation.input_tokens': 10,
      'gen_ai.usage.reasoning.output_tokens': 5,
    };
    expect(call?.attributes).toEqual({
      ...usage,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'small',
      'gen_ai.request.stream': true,
      'gen_ai.response.model': 'small',
      'gen_ai.agent.name': 'reviewer.fast',
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'http.response.status_code': 200,
      'atp.call_id': 'call_1',
      'atp.tenant': 'acme',
      'atp.key_id': 'k1',
      'atp.qos': 'silver',
      'atp.endpoint': 'chat.completions',
      'atp.policy': 'review',
      'atp.task_type': 'code_review',
      'atp.outcome': 'ok',
      'atp.attempts': 1,
      'atp.cost_usd_micros': 2,
    });
    expect(child?.attributes).toEqual({
      ...usage,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-x',
      'gen_ai.request.stream': true,
      'gen_ai.response.time_to_first_chunk': 0.012,
      'server.address': 'api.example',
      'server.port': 443,
      'http.response.status_code': 200,
      'atp.provider': 'up',
      'atp.model': 'small',
      'atp.attempt': 1,
      'atp.attempt.kind': 'primary',
      'atp.turn': 1,
      'atp.outcome': 'ok',
      'atp.usage_source': 'reported',
      'atp.cost_usd_micros': 2,
    });
    expect(call?.resource).toMatchObject({
      'service.name': 'atp-router',
      'service.version': '1.2.3',
      'service.instance.id': 'node-a',
    });
  });

  it('say what failed', async () => {
    const attempt = attemptOf({ outcome: 'error', error: 'upstream_error', upstream_status: 503 });
    const [child, call] = await sent(
      endedOf({ attempts: [attempt], outcome: 'error', error: 'upstream_error', status: 502 }),
    );
    expect([call?.status, call?.message, call?.attributes['error.type']]).toEqual([
      2,
      'upstream_error',
      'upstream_error',
    ]);
    expect(call?.attributes).toMatchObject({ 'http.response.status_code': 502, 'atp.outcome': 'error' });
    expect(call?.attributes).not.toHaveProperty('gen_ai.response.model');
    expect(child?.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': 'upstream_error' });
  });

  it('keep the times of a call that began before this process', async () => {
    const started_ms = 946_684_800_000;
    const [, call] = await sent(endedOf({ started_ms, outcome: 'interrupted', error: 'call_interrupted' }));
    expect(call?.start_ns).toBe(ns(started_ms));
  });

  it('cut off what clients make long', async () => {
    const [, call] = await sent(endedOf({ requested_model: 'm'.repeat(10_000) }));
    expect(call?.name.length).toBeLessThan(300);
    expect(String(call?.attributes['gen_ai.request.model']).length).toBe(256);
  });

  it('belong to the trace of the caller', async () => {
    const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', parent_span_id: 'b7ad6b7169203331' };
    const [child, call] = await sent(endedOf({ ...trace, trace_sampled: true }));
    expect([call?.trace_id, call?.parent_span_id]).toEqual([trace.trace_id, trace.parent_span_id]);
    expect([child?.trace_id, child?.parent_span_id]).toEqual([trace.trace_id, call?.span_id]);
  });
});

describe('sampling', () => {
  const trace = { trace_id: '0af7651916cd43dd8448eb211c80319c', parent_span_id: 'b7ad6b7169203331' };

  it('follows the caller, whatever the ratio', async () => {
    const collector = await receiver();
    const never = tracingTo(collector.endpoint, { sample_ratio: 0 });
    never.onCallEnded(endedOf({ ...trace, trace_sampled: true }));
    never.onCallEnded(endedOf());
    await never.shutdown();
    const always = tracingTo(collector.endpoint, { sample_ratio: 1 });
    always.onCallEnded(endedOf({ ...trace, trace_sampled: false }));
    await always.shutdown();
    expect(collector.spans.map((span) => span.trace_id)).toEqual([trace.trace_id, trace.trace_id]);
  });
});

describe('the collector', () => {
  it('gets the configured headers', async () => {
    const collector = await receiver();
    const tracing = tracingTo(collector.endpoint);
    tracing.onCallEnded(endedOf());
    await tracing.shutdown();
    expect(collector.headers[0]).toMatchObject({ 'x-token': 'secret', 'content-type': 'application/json' });
  });

  it('gets everything at the end, in several requests when it is much', async () => {
    const collector = await receiver();
    const tracing = tracingTo(collector.endpoint);
    for (let i = 0; i < 700; i += 1) tracing.onCallEnded(endedOf());
    await tracing.shutdown();
    expect(collector.spans.length).toBe(1_400);
    expect(collector.headers.length).toBeGreaterThan(1);
    expect(tracing.stats()).toEqual({ exported_total: 1_400, failed_total: 0, dropped_total: 0 });
  });

  it('that refuses is counted and does not matter', async () => {
    const collector = await receiver((res) => res.writeHead(400).end());
    const tracing = tracingTo(collector.endpoint);
    tracing.onCallEnded(endedOf());
    await tracing.shutdown();
    expect(tracing.stats()).toEqual({ exported_total: 0, failed_total: 2, dropped_total: 0 });
  });

  it('that is not there ends nothing, and the end does not wait for it for long', async () => {
    const tracing = tracingTo(`http://127.0.0.1:${await freePort()}/v1/traces`);
    for (let i = 0; i < 100; i += 1) tracing.onCallEnded(endedOf());
    await expect(tracing.shutdown()).resolves.toBeUndefined();
    expect(tracing.stats().exported_total).toBe(0);
  });

  it('that never answers makes spans be dropped, not kept', async () => {
    const collector = await receiver(() => undefined);
    const tracing = tracingTo(collector.endpoint);
    for (let i = 0; i < 10_000; i += 1) tracing.onCallEnded(endedOf());
    await collector.requests(1);
    for (let i = 0; i < 10_000; i += 1) tracing.onCallEnded(endedOf());
    expect(tracing.stats()).toEqual({ exported_total: 0, failed_total: 0, dropped_total: 40_000 - 8_192 });
    await tracing.shutdown();
  });
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  await new Promise((done) => server.close(done));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
