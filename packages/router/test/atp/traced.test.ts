import { AtpClient } from '@atp-router/sdk';
import { expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { collector } from '../observe/collector.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';

test('the ways of messages are spans beside the call, when the client traces its task', async () => {
  const { endpoint, spans } = await collector();
  const running = await startForTest({ telemetry: { otlp: { endpoint, sample_ratio: 0 } } });
  const client = new AtpClient({ url: running.url, key: TENANT_KEY });
  const prompt = 'word '.repeat(40_000);
  const traceparent = `00-${TRACE_ID}-${PARENT_ID}-01`;
  await client.task({ prompt, model: 'small' }, { traceparent }).result();
  await client.task({ prompt: 'Hi', model: 'small' }).result();
  await client.close();
  await running.stop();
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
  const [assembly, ...others] = spans.filter(({ name }) => name === 'atp.reassembly');
  expect(others).toEqual([]);
  expect(assembly).toMatchObject({ parentSpanId: PARENT_ID, attributes: { 'atp.stream_id': '1', 'atp.msg_seq': 0 } });
  expect(assembly?.attributes['atp.fragments']).toBeGreaterThan(1);
  const acks = spans.filter(({ name }) => name === 'atp.ack');
  expect(acks.length).toBeGreaterThan(0);
  for (const { parentSpanId, start_ms, end_ms } of acks) {
    expect(parentSpanId).toBe(PARENT_ID);
    expect(end_ms).toBeGreaterThanOrEqual(start_ms);
  }
});
