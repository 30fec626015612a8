import { expect, it } from 'vitest';
import { errorOf, startForTest } from './harness.ts';
import { endless, through, upstream } from './upstream.ts';

it('shows calls in flight, windows and targets', async () => {
  const up = await upstream(endless().answer);
  const { admin, chatStream } = await startForTest(through(up.base_url));
  const running = await chatStream({ max_tokens: 100 });
  await running.next((block) => block.data.includes('two'));
  const { json } = await admin('GET', '/live');
  const call_id = running.incoming.headers['x-atp-request-id'];
  expect(json).toMatchObject({
    calls_total: 1,
    calls: [
      {
        ...{ call_id, tenant: 'acme', key_id: 'k1', endpoint: 'chat.completions', requested_model: 'small' },
        ...{ model: 'small', provider: 'up', qos: 'silver', stream: true, attempts: 1, out_tokens: 2 },
        age_ms: expect.any(Number),
      },
    ],
    tenants_total: 1,
    tenants: [
      {
        tenant: 'acme',
        killed: false,
        limits: { usd_micros_per_day: 50_000_000, max_parallel: 64 },
        outstanding: { calls: 1 },
        remaining: { window_calls: 63 },
        debt: { calls: 0, tokens: 0, usd_micros: 0 },
      },
    ],
    targets_total: 1,
    targets: [
      {
        model: 'small',
        provider: 'up',
        target: 'up/gpt-x',
        breaker: 'closed',
        ready: true,
        in_flight: 1,
        waiting: 0,
        killed: false,
      },
    ],
  });
  expect((await admin('GET', `/calls/${call_id}`)).json).toMatchObject({
    state: 'running',
    call: { call_id, model: 'small' },
  });
  running.close();
});

it('cancels a call: its client is told, its upstream is closed, its money comes back', async () => {
  const script = endless();
  const up = await upstream(script.answer);
  const { admin, chatStream, events } = await startForTest(through(up.base_url));
  const seen = await events('?types=call.ended');
  const running = await chatStream({ max_tokens: 100 });
  await running.next((block) => block.data.includes('two'));
  const call_id = running.incoming.headers['x-atp-request-id'];
  expect((await admin('POST', `/calls/${call_id}/cancel`)).json).toEqual({ call_id, cancelled: true });
  const rest = (await running.rest()).map((block) => block.data);
  expect(rest.join()).toContain('request_cancelled');
  expect(rest).not.toContain('[DONE]');
  await script.gone;
  const ended = JSON.parse((await seen.next()).data) as object;
  expect(ended).toMatchObject({ call_id, outcome: 'cancelled', error: 'request_cancelled', usage: { out_tokens: 2 } });
  seen.close();
  const { json } = await admin('GET', '/live');
  expect(json).toMatchObject({ calls_total: 0, tenants: [{ outstanding: { calls: 0, tokens: 0, usd_micros: 0 } }] });
  const again = await admin('POST', `/calls/${call_id}/cancel`);
  expect([again.status, errorOf(again).code]).toEqual([404, 'not_found']);
});
