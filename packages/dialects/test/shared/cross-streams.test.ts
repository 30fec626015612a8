import { describe, expect, test } from 'vitest';
import { anthropicMessages, eventsOf, foldEvents, openaiChat } from '../../src/index.ts';
import { anthropicAnswer, anthropicStream, openaiAnswer, openaiStream } from './sdk.ts';
import { ATP, decodeFixture, encodeStream, fixtureJson, payloads, relay } from './wire.ts';

const CTX = { id: 'id_1', model: 'small' };

describe('anthropic-messages provider, openai-chat client', () => {
  const stream = (name: string, usage = true): string =>
    relay(anthropicMessages, openaiChat, `anthropic-messages/${name}.sse`, usage);

  test('text, with the cached tokens inside the prompt', async () => {
    const answer = await openaiStream(stream('plain'));
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'The sky is blue: Ünïcödé 🌍.' },
    });
    expect(answer.usage).toEqual({
      prompt_tokens: 2_125,
      completion_tokens: 15,
      total_tokens: 2_140,
      prompt_tokens_details: { cached_tokens: 2_000, cache_write_tokens: 100 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
  });

  test('usage that was not asked for is not sent; the cost rides on the finish chunk', () => {
    const chunks = payloads(stream('plain', false));
    expect(JSON.stringify(chunks)).not.toContain('"usage"');
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], atp: ATP });
  });

  test('parallel calls', async () => {
    const answer = await openaiStream(stream('tools'));
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Let me look.',
        tool_calls: [
          { id: 'toolu_01A', type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris"}' } },
          { id: 'toolu_01B', type: 'function', function: { name: 'get_time', arguments: '{}' } },
        ],
      },
    });
  });

  test('thinking is shown as reasoning text, without the signatures that only its maker can use', async () => {
    const sent = stream('thinking');
    expect(sent).not.toMatch(/EqQBCgIYAhIM|EmwKAhgBEgy3|SIGONLY/);
    const reasoning = payloads(sent).flatMap(
      (chunk) => JSON.stringify(chunk).match(/(?<="reasoning_content":")[^"]*/g) ?? [],
    );
    expect(reasoning.join('')).toBe('I should check.');
    const answer = await openaiStream(sent);
    expect(answer.choices[0]?.message.content).toBe('Done.');
    expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBe(60);
  });

  test.each([
    ['refusal', 'content_filter', 'Some'],
    ['stop-sequence', 'stop', '1, 2'],
    ['hosted', 'stop', 'Here is the news.'],
  ])('%s ends as %s', async (name, finish_reason, content) => {
    const answer = await openaiStream(stream(name));
    expect(answer.choices[0]).toMatchObject({ finish_reason, message: { content } });
  });

  test('a whole answer', async () => {
    const decoded = anthropicMessages.decodeResponse(fixtureJson('anthropic-messages/tools.json'));
    const answer = await openaiAnswer(openaiChat.encodeResponse(decoded, CTX));
    expect(answer.choices[0]).toEqual({
      index: 0,
      message: {
        role: 'assistant',
        content: 'Let me look.',
        refusal: null,
        reasoning_content: 'I should check.',
        tool_calls: [
          { id: 'toolu_01A', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
          { id: 'toolu_01B', type: 'function', function: { name: 'get_time', arguments: '{}' } },
        ],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    });
  });
});

describe('openai-chat provider, anthropic-messages client', () => {
  const stream = (name: string): string => relay(openaiChat, anthropicMessages, `openai-chat/${name}.sse`);

  test('text, with the cached tokens beside the input', async () => {
    const message = await anthropicStream(stream('plain'));
    expect(message.content).toMatchObject([{ type: 'text', text: 'The sky is blue: Ünïcödé 🌍.' }]);
    expect(message).toMatchObject({
      stop_reason: 'end_turn',
      usage: {
        input_tokens: 176,
        cache_read_input_tokens: 1_024,
        cache_creation_input_tokens: 0,
        output_tokens: 90,
        output_tokens_details: { thinking_tokens: 64 },
      },
    });
  });

  test.each(['tools', 'compatible', 'interleaved'])('parallel calls: %s', async (name) => {
    const calls: Record<string, object[]> = {
      tools: [
        { id: 'call_a1', name: 'get_weather', input: { city: 'Paris' } },
        { id: 'call_b2', name: 'get_time', input: {} },
      ],
      compatible: [
        { id: 'x1', name: 'f', input: { a: 1 } },
        { id: 'x2', name: 'g', input: { b: 2 } },
        { id: 'call_gen-1_0_2', name: 'h', input: {} },
      ],
      interleaved: [
        { id: 'call_a', name: 'f', input: { x: 1 } },
        { id: 'call_b', name: 'g', input: { y: 2 } },
      ],
    };
    const message = await anthropicStream(stream(name));
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toMatchObject(calls[name]?.map((call) => ({ type: 'tool_use', ...call })) ?? []);
  });

  test('reasoning text is a thinking block without a signature, which is recognised when it comes back', async () => {
    const message = await anthropicStream(stream('reasoning'));
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'First, think.', signature: '' },
      { type: 'text', text: 'Answer.' },
    ]);
    const next = { model: 'm', max_tokens: 9, messages: [{ role: 'assistant', content: message.content }] };
    const body = JSON.parse(JSON.stringify(next)) as Parameters<typeof anthropicMessages.decodeRequest>[0];
    const patched = anthropicMessages.passThrough.patchRequest(body, { model: 'claude', include_usage: true });
    expect(JSON.stringify(patched)).not.toContain('think.');
  });

  test('a refusal is text that ends as a refusal', async () => {
    const message = await anthropicStream(stream('refusal'));
    expect(message).toMatchObject({ stop_reason: 'refusal', content: [{ type: 'text', text: "I can't help." }] });
  });

  test('a whole answer', async () => {
    const decoded = openaiChat.decodeResponse(fixtureJson('openai-chat/tools.json'));
    const message = await anthropicAnswer(anthropicMessages.encodeResponse(decoded, CTX));
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      content: [
        { type: 'tool_use', id: 'call_a1', name: 'get_weather', input: { city: 'Paris' } },
        { type: 'tool_use', id: 'call_b2', name: 'get_time', input: {} },
      ],
      usage: { input_tokens: 80, output_tokens: 30 },
    });
  });
});

describe('there and back', () => {
  test.each(['plain', 'tools'])('%s: an answer crosses both shapes and keeps its meaning', (name) => {
    const events = decodeFixture(anthropicMessages, `anthropic-messages/${name}.sse`);
    const there = foldEvents(events);
    const as_openai = openaiChat.decodeResponse(openaiChat.encodeResponse(there, CTX));
    const back = anthropicMessages.decodeResponse(anthropicMessages.encodeResponse(as_openai, CTX));
    expect(back.choices).toEqual(there.choices.map((c) => ({ ...c, parts: c.parts.map(normalArgs) })));
    expect(back.usage).toEqual(there.usage);
    expect(there.usage?.cache_write_tokens).toBeDefined();
  });

  const normalArgs = (part: object): object =>
    'args_json' in part ? { ...part, args_json: JSON.stringify(JSON.parse(String(part.args_json))) } : part;

  test('a whole answer and its stream are the same answer to a client', async () => {
    const whole = anthropicMessages.decodeResponse(fixtureJson('anthropic-messages/tools.json'));
    const streamed = await anthropicStream(encodeStream(anthropicMessages, eventsOf(whole)));
    const plain = await anthropicAnswer(anthropicMessages.encodeResponse(whole, CTX));
    expect(JSON.parse(JSON.stringify(streamed.content))).toEqual(plain.content);
    expect(streamed.usage).toEqual(plain.usage);
    expect(streamed.stop_reason).toBe(plain.stop_reason);
  });
});
