import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model, provider, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import type { Answered } from '../src/http.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';

/** What real servers take, beside the documents of their shapes. */
let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    return {
      ...base,
      providers: [
        ...base.providers,
        provider(upstream, 'chat', { id: 'newer', max_tokens_field: 'max_completion_tokens' }),
        provider(upstream, 'ollama', { id: 'roomy', send_context: false }),
      ],
      models: [...base.models, model('newer', 'newer'), model('roomy', 'roomy')],
      policies: [{ id: 'empty-account', fallback: ['m-chat-1', 'm-anthropic-1'] }],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

const OK: Behaviour = { answer: textAnswer('fine') };

function chat(name: string, mark: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answered> {
  const body = { model: name, messages: [{ role: 'user', content: mark }], ...more };
  return rig.router.ask('/v1/chat/completions', body, { headers });
}

function messages(name: string, mark: string, more: object = {}): Promise<Answered> {
  const body = { model: name, max_tokens: 50, messages: [{ role: 'user', content: mark }], ...more };
  return rig.router.ask('/v1/messages', body);
}

describe('limits of the output', () => {
  test('are said as compatible servers know them, or as the operator says', async () => {
    for (const [name, field] of [
      ['m-chat', 'max_tokens'],
      ['newer', 'max_completion_tokens'],
    ] as const) {
      const script = await rig.upstream.script(OK);
      await (await messages(name, script.mark)).text();
      const { json } = await rig.upstream.next(script);
      expect([json['max_tokens'], json['max_completion_tokens']]).toEqual(
        field === 'max_tokens' ? [50, undefined] : [undefined, 50],
      );
    }
  });

  test.each([
    [10, 100_000],
    [100_000, 10],
  ])('hold whichever field a server obeys: %i and %i', async (max_tokens, max_completion_tokens) => {
    const script = await rig.upstream.script(OK);
    const answer = await chat(
      'm-chat',
      script.mark,
      { max_tokens, max_completion_tokens },
      { 'x-atp-max-usd': '0.0005' },
    );
    expect(answer.status).toBe(200);
    await answer.text();
    const { json } = await rig.upstream.next(script);
    expect(json['max_tokens']).toBeLessThanOrEqual(250);
    expect(json['max_completion_tokens']).toBeLessThanOrEqual(250);
  });
});

test('an empty account of the router is not the client’s fault, and the next model is asked', async () => {
  const body = '{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}';
  const script = await rig.upstream.scriptBy({ chat: [{ status: 402, body }], anthropic: [OK] });
  const answer = await chat('policy:empty-account', script.mark);
  expect(answer.status).toBe(200);
  expect(answer.header('x-atp-model')).toBe('m-anthropic-1');
  await answer.text();
  const alone = await chat('m-chat-1', script.mark);
  expect(alone.status).toBe(502);
  expect(await alone.text()).not.toContain('Balance');
});

test('usage that counts reasoning beside the completion is paid in full', async () => {
  const body = JSON.stringify({
    ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
    usage: {
      ...{ prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 },
      completion_tokens_details: { reasoning_tokens: 94 },
    },
  });
  const script = await rig.upstream.script({ body });
  const answer = await chat('m-chat', script.mark);
  // 32 × 1 + 103 × 2
  expect(answer.header('x-atp-cost-usd-micros')).toBe('238');
  await answer.text();
});

test('reasoning of earlier turns goes back where tools were called, and nowhere else', async () => {
  const script = await rig.upstream.script(OK);
  const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }];
  const answer = await chat('m-chat', script.mark, {
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.', reasoning_content: 'an earlier thought' },
      { role: 'user', content: script.mark },
      { role: 'assistant', content: null, reasoning_content: 'the running thought', tool_calls },
      { role: 'tool', tool_call_id: 'call_1', content: 'sun' },
    ],
  });
  expect(answer.header('x-atp-ignored')).toBe('thinking_in_answer');
  await answer.text();
  const { body } = (await rig.upstream.next(script)).seen;
  expect(body).toContain('the running thought');
  expect(body).not.toContain('an earlier thought');
});

test('a system message within the conversation keeps its place, or is told to have lost it', async () => {
  const told = async (name: string): Promise<[string | undefined, unknown]> => {
    const script = await rig.upstream.script(OK);
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'system', content: 'From here on in rhymes.' },
      { role: 'user', content: script.mark },
    ];
    const answer = await chat(name, script.mark, { messages });
    await answer.text();
    const list = (await rig.upstream.next(script)).json['messages'] as { role: string }[];
    return [answer.header('x-atp-ignored'), list.map((m) => m.role)];
  };
  expect(await told('m-ollama')).toEqual([undefined, ['user', 'system', 'user']]);
  // Neighbours of one role are one turn there.
  expect(await told('m-anthropic')).toEqual(['system_position', ['user']]);
});

test('Ollama is asked for the room that the operator declared, unless told not to', async () => {
  for (const [name, num_ctx] of [
    ['m-ollama', 1_000_000],
    ['roomy', undefined],
  ] as const) {
    const script = await rig.upstream.script(OK);
    await (await chat(name, script.mark)).text();
    const { json } = await rig.upstream.next(script);
    expect((json['options'] as { num_ctx?: number } | undefined)?.num_ctx).toBe(num_ctx);
  }
});

describe('fields that nobody knows', () => {
  const unknown = (count: number): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`unknown_${i}`, 1]));

  test('are named up to a bound', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await chat('m-gemini', script.mark, unknown(200));
    await answer.text();
    const ignored = (answer.header('x-atp-ignored') ?? '').split(', ');
    expect(ignored).toHaveLength(33);
    expect(ignored.at(-1)).toBe('+168');
  });

  test('are refused beyond any use', async () => {
    const script = await rig.upstream.script(OK);
    expect((await chat('m-chat', script.mark, unknown(254))).status).toBe(200);
    const answer = await chat('m-chat', script.mark, unknown(255));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('more than 256 fields');
  });
});
