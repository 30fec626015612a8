import { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { foldEvents, type GenEvent, openaiChat } from '../../src/index.ts';
import { openaiStream } from '../shared/sdk.ts';
import { ATP, decodeFixture, decodeStream, encodeStream, fixtureBytes, frame, payloads } from '../shared/wire.ts';

const decode = (name: string): GenEvent[] => decodeFixture(openaiChat, `openai-chat/${name}.sse`);
const start = { type: 'start', id: 'chatcmpl-9A', model: 'gpt-5.2-2026-02-01', created_s: 1_764_000_000 };
const usage = (in_tokens: number, out_tokens: number, more: object = {}): object => ({
  type: 'usage',
  usage: { in_tokens, out_tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, ...more },
});

describe('openai-chat: reading a stream', () => {
  test('text and usage', () => {
    expect(decode('plain')).toEqual([
      start,
      { type: 'text', choice: 0, delta: 'The sky is' },
      { type: 'text', choice: 0, delta: ' blue: Ünïcödé 🌍.' },
      { type: 'finish', choice: 0, reason: 'stop' },
      usage(1_200, 90, { cached_in_tokens: 1_024, reasoning_tokens: 64 }),
      { type: 'end' },
    ]);
  });

  test('parallel tool calls', () => {
    expect(decode('tools')).toEqual([
      start,
      { type: 'tool_call', choice: 0, index: 0, id: 'call_a1', name: 'get_weather' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"city"' },
      { type: 'tool_args', choice: 0, index: 0, delta: ':"Paris"}' },
      { type: 'tool_call', choice: 0, index: 1, id: 'call_b2', name: 'get_time' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      usage(80, 30),
      { type: 'end' },
    ]);
  });

  test.each<[string, object, object[]]>([
    [
      'sound',
      { audio: { id: 'a', transcript: 'Hi', data: 'UklG' } },
      [{ delta: 'Hi' }, { delta: 'UklG', media: true }],
    ],
    [
      'a custom tool call',
      { tool_calls: [{ index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input: 'SELECT' } }] },
      [{ delta: 'sql' }, { delta: 'SELECT' }],
    ],
    ['a call of before tools', { function_call: { name: 'f', arguments: '{}' } }, [{ delta: 'f' }, { delta: '{}' }]],
    ['a picture', { images: [{ image_url: { url: 'data:x' } }] }, [{ delta: 'data:x', media: true }]],
  ])('%s is a piece of what only this shape can say', (_name, delta, pieces) => {
    const events = openaiChat.streamDecoder().push(frame({ choices: [{ index: 0, delta, finish_reason: null }] }));
    const seen = events.filter((event) => event.type === 'opaque_delta');
    expect(seen).toEqual(pieces.map((piece) => ({ type: 'opaque_delta', choice: 0, ...piece })));
  });

  test('reasoning text of compatible servers', () => {
    const thinking = decode('reasoning').filter((event) => event.type === 'thinking');
    expect(thinking.map((event) => event.delta)).toEqual(['First, ', 'think.']);
    expect(thinking[0]?.origin).toBe('openai-chat');
  });

  test('several choices and their log-probabilities', () => {
    const events = decode('choices');
    expect(events.filter((event) => event.type === 'finish')).toEqual([
      { type: 'finish', choice: 1, reason: 'stop' },
      { type: 'finish', choice: 0, reason: 'length' },
    ]);
    expect(foldEvents(events).choices).toMatchObject([
      { parts: [{ text: 'Aa' }], logprobs: { content: [{ token: 'a' }] } },
      { parts: [{ text: 'B' }] },
    ]);
  });

  test('a compatible server: one index for all calls, a missing id, an empty finish reason before the end', () => {
    expect(decode('compatible').slice(1, -2)).toEqual([
      { type: 'tool_call', choice: 0, index: 0, id: 'x1', name: 'f' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"a":1}' },
      { type: 'tool_call', choice: 0, index: 1, id: 'x2', name: 'g' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{"b":2}' },
      { type: 'tool_call', choice: 0, index: 2, id: 'call_gen-1_0_2', name: 'h' },
      { type: 'tool_args', choice: 0, index: 2, delta: '{}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ]);
  });

  test('a call is announced when its name is known, also when the name comes after the id', () => {
    const decoder = openaiChat.streamDecoder();
    const piece = (call: object): object => ({ choices: [{ index: 0, delta: { tool_calls: [call] } }] });
    expect(decoder.push(frame(piece({ index: 0, id: 'c1' }))).slice(1)).toEqual([]);
    expect(decoder.push(frame(piece({ index: 0, function: { name: 'f' } })))).toEqual([
      { type: 'tool_call', choice: 0, index: 0, id: 'c1', name: 'f' },
    ]);
    expect(decoder.push(frame(piece({ index: 0, function: { arguments: { a: 1 } } })))).toEqual([
      { type: 'tool_args', choice: 0, index: 0, delta: '{"a":1}' },
    ]);
  });

  test('an error frame ends the stream as an error', () => {
    expect(decode('error').at(-1)).toEqual({
      type: 'error',
      error: {
        status: 502,
        kind: 'server',
        message: 'The server had an error while processing your request.',
      },
    });
    const push = (error: unknown): unknown => openaiChat.streamDecoder().push(frame({ error }));
    expect(push({ message: 'Slow down', code: 429 })).toMatchObject([{ error: { status: 429, kind: 'rate_limited' } }]);
    expect(push({ message: 'No', type: 'overloaded_error' })).toMatchObject([{ error: { kind: 'overloaded' } }]);
    expect(push('out of memory')).toMatchObject([{ error: { status: 502, message: 'out of memory' } }]);
  });

  test('a finish reason "error" is not a normal end', () => {
    const chunk = { choices: [{ index: 0, delta: {}, finish_reason: 'error' }] };
    const finish = { type: 'finish', choice: 0, reason: 'error' } as const;
    expect(openaiChat.streamDecoder().push(frame(chunk)).at(-1)).toEqual(finish);
    expect(encodeStream(openaiChat, [finish])).toContain('"finish_reason":"error"');
  });

  test('a cut stream has neither finish nor end', () => {
    expect(decode('cut').map((event) => event.type)).toEqual(['start', 'text']);
  });

  test.each(['plain', 'tools', 'reasoning', 'choices', 'compatible', 'refusal', 'error', 'cut'])(
    '%s reads the same wherever it is split',
    (name) => {
      const bytes = fixtureBytes(`openai-chat/${name}.sse`);
      const whole = decode(name);
      for (let at = 0; at <= bytes.length; at += 1) {
        expect(decodeStream(openaiChat, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      }
    },
  );

  test('malformed JSON is the fault of the provider; frames without data say nothing', () => {
    const decoder = openaiChat.streamDecoder();
    expect(() => decoder.push(frame('{"choices":'))).toThrowError(/not valid JSON/);
    expect(() => decoder.push(frame('[]'))).toThrowError(/not a JSON object/);
    expect(decoder.push(frame(''))).toEqual([]);
  });
});

describe('openai-chat: writing a stream', () => {
  const chunk = { id: 'id_1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'small', usage: null };

  test('the exact chunks, with the cost on the finish chunk and usage as the client asked for it', () => {
    expect(payloads(encodeStream(openaiChat, decode('plain')))).toEqual([
      { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: { content: 'The sky is' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: { content: ' blue: Ünïcödé 🌍.' }, finish_reason: null }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], atp: ATP },
      {
        ...chunk,
        choices: [],
        usage: {
          prompt_tokens: 1_200,
          completion_tokens: 90,
          total_tokens: 1_290,
          prompt_tokens_details: { cached_tokens: 1_024, cache_write_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 64 },
        },
      },
      '[DONE]',
    ]);
  });

  test('no usage for a client that did not ask for it', () => {
    const out = payloads(encodeStream(openaiChat, decode('plain'), false));
    expect(JSON.stringify(out)).not.toContain('"usage"');
    expect(out).toHaveLength(5);
  });

  test.each(['plain', 'tools', 'reasoning', 'choices', 'compatible', 'refusal'])(
    '%s: written and read again it is the same answer',
    (name) => {
      const bytes = new TextEncoder().encode(encodeStream(openaiChat, decode(name)));
      const again = foldEvents(decodeStream(openaiChat, [bytes]));
      expect(again).toEqual({ ...foldEvents(decode(name)), id: 'id_1', model: 'small', created_s: 1_700_000_000 });
    },
  );

  test('the official client accumulates text, calls, refusals, choices and usage', async () => {
    const plain = await openaiStream(encodeStream(openaiChat, decode('plain')));
    expect(plain.choices[0]?.message.content).toBe('The sky is blue: Ünïcödé 🌍.');
    expect(plain.usage).toMatchObject({ prompt_tokens: 1_200, completion_tokens: 90, total_tokens: 1_290 });
    const tools = await openaiStream(encodeStream(openaiChat, decode('tools')));
    expect(tools.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [
          { id: 'call_a1', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
          { id: 'call_b2', function: { name: 'get_time', arguments: '{}' } },
        ],
      },
    });
    const refusal = await openaiStream(encodeStream(openaiChat, decode('refusal')));
    expect(refusal.choices[0]?.message.refusal).toBe("I can't help.");
  });

  test('a finish that is told twice is written once', () => {
    const twice: GenEvent[] = [
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'finish', choice: 0, reason: 'stop' },
    ];
    expect(encodeStream(openaiChat, twice).match(/"finish_reason":"stop"/g)).toHaveLength(1);
  });

  test('thinking that is only announced, and blocks of other shapes, add nothing', () => {
    const encoder = openaiChat.streamEncoder({ id: 'i', model: 'm', created_s: 0, include_usage: false });
    expect(encoder.push({ type: 'thinking', choice: 0, delta: '', origin: 'anthropic-messages' })).toBe('');
    expect(encoder.push({ type: 'opaque', choice: 0, origin: 'anthropic-messages', raw: { type: 'x' } })).toBe('');
  });

  test('an error in the middle reaches the official client as an error', async () => {
    const encoder = openaiChat.streamEncoder({ id: 'i', model: 'm', created_s: 0, include_usage: false });
    const begun = decode('plain')
      .slice(0, 2)
      .map((event) => encoder.push(event))
      .join('');
    const error = new AtpError('stream_truncated', 'The provider ended the stream early.', { origin: 'remote' });
    const stream = begun + openaiChat.encodeStreamError(error, 'req_9');
    await expect(openaiStream(stream)).rejects.toThrowError(/ended the stream early/);
  });
});
