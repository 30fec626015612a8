import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import type { Answered } from '../src/http.ts';
import { TWO_CALLS } from '../src/samples.ts';
import { textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) =>
    standardConfig(upstream, { policies: [{ id: 'chain', fallback: ['m-chat', 'm-anthropic'] }] }),
  );
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const ask = (body: object): Promise<Answered> => rig.router.ask('/v1/ask', body);

interface Event {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

function eventsOf(stream: string): Event[] {
  return [...stream.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event = '', data = '{}']) => ({
    event,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

describe.each(PROVIDER_IDS)('%s provider', (id) => {
  const model = `m-${id}`;

  test('an answer tells its plan, its cost and its usage', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const answer = await (await ask({ model, prompt: script.mark })).json();
    expect(answer).toMatchObject({
      model,
      text: 'Blue sky.',
      finish: 'stop',
      cost_usd_micros: 25,
      usage: { in_tokens: 11, out_tokens: 7 },
      route: { primary: { model, provider: id }, escalation: [] },
      atp: { model, attempts: 1, cost_usd_micros: 25, usage_source: 'reported' },
    });
  });

  test('a stream begins with the plan and ends with the final event', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('Blue', ' sky.') });
    const events = eventsOf(await (await ask({ model, prompt: script.mark, stream: true })).text());
    expect(events[0]).toMatchObject({ event: 'plan', data: { primary: { model, provider: id } } });
    expect(events.at(-1)).toMatchObject({ event: 'final', data: { text: 'Blue sky.', cost_usd_micros: 25 } });
    expect(events.slice(1, -1).every(({ event }) => event === 'chunk')).toBe(true);
  });

  test('parallel tool calls', async () => {
    const script = await rig.upstream.script({ answer: TWO_CALLS });
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object' } } }];
    const answer = await (await ask({ model, prompt: script.mark, tools })).json();
    const calls = (answer['parts'] as { type: string; args_json?: string }[]).filter((p) => p.type === 'tool_call');
    expect(calls.map((call) => JSON.parse(call.args_json ?? '') as unknown)).toEqual([
      { city: 'Paris' },
      { city: 'Rome' },
    ]);
  });

  test('a cut stream ends with the error event', async () => {
    const script = await rig.upstream.script({
      answer: textAnswer('One', ' two', ' three'),
      gates: [' three'],
      cut: { after: ' two', how: 'reset' },
    });
    const answer = await ask({ model: `${model}-1`, prompt: script.mark, stream: true });
    const request = await rig.upstream.next(script);
    const begin = await answer.until(/ two/);
    request.step();
    const events = eventsOf(begin + (await answer.text()));
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { error: { code: 'stream_truncated' } } });
    expect(events.map(({ event }) => event)).not.toContain('final');
  });
});

test('the plan names what would be tried, and the wishes in the body steer it', async () => {
  const script = await rig.upstream.scriptBy({ chat: [{ status: 500 }], anthropic: [{ answer: textAnswer('fine') }] });
  const wishes = { task_type: 'triage', qos: 'bronze', max_usd: 0.5, deadline_ms: 60_000 };
  const answer = await (await ask({ model: 'policy:chain', prompt: script.mark, ...wishes })).json();
  expect(answer).toMatchObject({
    model: 'm-anthropic',
    route: { primary: { model: 'm-chat' }, escalation: [{ model: 'm-anthropic' }] },
  });
  const id = (answer['atp'] as { request_id: string }).request_id;
  expect(rig.router.books().ended.get(id)).toMatchObject({ task_type: 'triage', qos: 'bronze', policy: 'chain' });
  const dear = await ask({ model: 'policy:chain', prompt: script.mark, max_usd: 0.000001 });
  expect(dear.status).toBe(429);
});

test('a header wins over its field in the body', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('ok') });
  const body = { model: 'm-chat', prompt: script.mark, qos: 'bronze', task_type: 'by-body' };
  const headers = { 'x-atp-qos': 'silver', 'x-atp-task-type': 'by-header' };
  const answer = await rig.router.ask('/v1/ask', body, { headers });
  expect(answer.status).toBe(200);
  const record = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
  expect(record).toMatchObject({ qos: 'silver', task_type: 'by-header' });
});

test('errors are in its own shape', async () => {
  const answer = await ask({ prompt: 'a', messages: [] });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { code: 'invalid_request' } });
});
