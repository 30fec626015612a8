import { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, foldEvents, type GenEvent } from '../../src/index.ts';
import { anthropicStream } from '../shared/sdk.ts';
import { ATP, decodeFixture, decodeStream, encodeStream, fixtureBytes, frame, payloads } from '../shared/wire.ts';

const decode = (name: string): GenEvent[] => decodeFixture(anthropicMessages, `anthropic-messages/${name}.sse`);
const start = (in_tokens: number, cached_in_tokens = 0, cache_write_tokens = 0): object => ({
  ...{ type: 'start', id: 'msg_01X', model: 'claude-opus-5-5', created_s: 0 },
  prompt: { in_tokens, cached_in_tokens, cache_write_tokens },
});
const origin = 'anthropic-messages' as const;
const usage = (in_tokens: number, out_tokens: number, more: object = {}): object => ({
  type: 'usage',
  usage: { in_tokens, out_tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, ...more },
});

describe('anthropic-messages: reading a stream', () => {
  test('text; pings are passed over; cached and written tokens are part of the input', () => {
    expect(decode('plain')).toEqual([
      start(2_125, 2_000, 100),
      { type: 'text', choice: 0, delta: 'The sky is' },
      { type: 'text', choice: 0, delta: ' blue: Ünïcödé 🌍.' },
      { type: 'finish', choice: 0, reason: 'stop' },
      usage(2_125, 15, { cached_in_tokens: 2_000, cache_write_tokens: 100 }),
      { type: 'end' },
    ]);
  });

  test('parallel tool calls; a call without arguments gets an empty object', () => {
    expect(decode('tools')).toEqual([
      start(400),
      { type: 'text', choice: 0, delta: 'Let me look.' },
      { type: 'tool_call', choice: 0, index: 0, id: 'toolu_01A', name: 'get_weather' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"city"' },
      { type: 'tool_args', choice: 0, index: 0, delta: ': "Paris"}' },
      { type: 'tool_call', choice: 0, index: 1, id: 'toolu_01B', name: 'get_time' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      usage(400, 89),
      { type: 'end' },
    ]);
  });

  test('thinking with its signature, encrypted thinking, and a signature without shown thinking', () => {
    expect(decode('thinking')).toEqual([
      start(50),
      { type: 'thinking', choice: 0, delta: 'I should ', origin },
      { type: 'thinking', choice: 0, delta: 'check.', origin },
      { type: 'thinking_signature', choice: 0, signature: 'EqQBCgIYAhIM' },
      { type: 'thinking_redacted', choice: 0, data: 'EmwKAhgBEgy3', origin },
      { type: 'thinking', choice: 0, delta: '', origin },
      { type: 'thinking_signature', choice: 0, signature: 'SIGONLY==' },
      { type: 'text', choice: 0, delta: 'Done.' },
      { type: 'finish', choice: 0, reason: 'stop' },
      usage(50, 70, { reasoning_tokens: 60 }),
      { type: 'end' },
    ]);
  });

  test('blocks of hosted tools come whole, with the input that was streamed, and a pause is no end', () => {
    const [search, result] = decode('hosted').filter((event) => event.type === 'opaque');
    expect(search?.raw).toMatchObject({ type: 'server_tool_use', id: 'srvtoolu_1', input: { query: 'news' } });
    expect(result?.raw).toMatchObject({ type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1' });
    expect(decode('hosted')).toContainEqual({ type: 'finish', choice: 0, reason: 'pause' });
    const pieces = decode('hosted').filter((event) => event.type === 'opaque_delta');
    expect(pieces.map(({ delta }) => delta)).toEqual(['web_search', '{"query":', '"news"}', '']);
  });

  test.each([
    ['stop-sequence', { type: 'finish', choice: 0, reason: 'stop', stop_sequence: ', 3' }],
    ['refusal', { type: 'finish', choice: 0, reason: 'content_filter' }],
  ])('%s', (name, finish) => {
    expect(decode(name)).toContainEqual(finish);
  });

  test('an error event has the status that its type stands for', () => {
    expect(decode('error').at(-1)).toEqual({
      type: 'error',
      error: { status: 529, kind: 'overloaded', message: 'Overloaded' },
    });
  });

  test('a cut stream has neither finish nor usage nor end', () => {
    expect(decode('cut').map((event) => event.type)).toEqual(['start', 'text']);
  });

  test.each(['plain', 'tools', 'thinking', 'hosted', 'stop-sequence', 'refusal', 'error', 'cut'])(
    '%s reads the same wherever it is split',
    (name) => {
      const bytes = fixtureBytes(`anthropic-messages/${name}.sse`);
      const whole = decode(name);
      for (let at = 0; at <= bytes.length; at += 1) {
        expect(decodeStream(anthropicMessages, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
      }
    },
  );

  test('malformed JSON is the fault of the provider; unknown events, blocks and deltas are passed over', () => {
    const decoder = anthropicMessages.streamDecoder();
    expect(() => decoder.push(frame('{"type":'))).toThrowError(/not valid JSON/);
    expect(() => decoder.push(frame('"text"'))).toThrowError(/not a JSON object/);
    expect(decoder.push(frame({ type: 'a_later_event' }))).toEqual([]);
    expect(decoder.push(frame({ type: 'content_block_delta', index: 9, delta: { type: 'later_delta' } }))).toEqual([]);
    expect(decoder.push(frame(''))).toEqual([]);
  });

  test('arguments that a server sends at once, with the start of the block', () => {
    const decoder = anthropicMessages.streamDecoder();
    const block = { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } };
    decoder.push(frame({ type: 'content_block_start', index: 0, content_block: block }));
    expect(decoder.push(frame({ type: 'content_block_stop', index: 0 }))).toEqual([
      { type: 'tool_args', choice: 0, index: 0, delta: '{"a":1}' },
    ]);
  });

  test('counters that a message_delta leaves out or sets to null keep what the start said', () => {
    const decoder = anthropicMessages.streamDecoder();
    const begun = { input_tokens: 9, cache_read_input_tokens: 4, output_tokens: 1 };
    decoder.push(frame({ type: 'message_start', message: { usage: begun } }));
    const told = { output_tokens: 7, input_tokens: null, output_tokens_details: null };
    expect(
      decoder.push(frame({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: told })).at(-1),
    ).toEqual(usage(13, 7, { cached_in_tokens: 4 }));
  });

  test('a finish without token counts reports no usage, although the start had one', () => {
    const decoder = anthropicMessages.streamDecoder();
    decoder.push(frame({ type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } }));
    expect(decoder.push(frame({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }))).toEqual([
      { type: 'finish', choice: 0, reason: 'stop' },
    ]);
  });
});

describe('anthropic-messages: writing a stream', () => {
  test('the exact events of a plain answer, with the cost on the message_delta', () => {
    const stream = encodeStream(anthropicMessages, decode('plain'));
    expect(stream.split('\n\n').map((f) => f.split('\n')[0])).toEqual([
      'event: message_start',
      'event: content_block_start',
      'event: content_block_delta',
      'event: content_block_delta',
      'event: content_block_stop',
      'event: message_delta',
      'event: message_stop',
      '',
    ]);
    expect(payloads(stream).at(-2)).toEqual({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
      usage: {
        input_tokens: 25,
        cache_creation_input_tokens: 100,
        cache_read_input_tokens: 2_000,
        output_tokens: 15,
        output_tokens_details: { thinking_tokens: 0 },
        server_tool_use: null,
      },
      atp: ATP,
    });
  });

  test.each(['plain', 'tools', 'thinking', 'hosted', 'stop-sequence', 'refusal'])(
    '%s: written and read again it is the same answer',
    (name) => {
      const bytes = new TextEncoder().encode(encodeStream(anthropicMessages, decode(name)));
      const again = foldEvents(decodeStream(anthropicMessages, [bytes]));
      expect(again).toEqual({ ...foldEvents(decode(name)), id: 'id_1', model: 'small' });
    },
  );

  test('the official client accumulates text, calls and usage', async () => {
    const message = await anthropicStream(encodeStream(anthropicMessages, decode('tools')));
    expect(message).toMatchObject({
      id: 'id_1',
      model: 'small',
      stop_reason: 'tool_use',
      usage: { input_tokens: 400, output_tokens: 89 },
    });
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'toolu_01A', name: 'get_weather', input: { city: 'Paris' } },
      { type: 'tool_use', id: 'toolu_01B', name: 'get_time', input: {} },
    ]);
  });

  test('the official client accumulates thinking blocks with signatures, in their places', async () => {
    const message = await anthropicStream(encodeStream(anthropicMessages, decode('thinking')));
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'I should check.', signature: 'EqQBCgIYAhIM' },
      { type: 'redacted_thinking', data: 'EmwKAhgBEgy3' },
      { type: 'thinking', thinking: '', signature: 'SIGONLY==' },
      { type: 'text', text: 'Done.' },
    ]);
    expect(message.usage.output_tokens_details).toEqual({ thinking_tokens: 60 });
  });

  test('the official client gets the blocks of hosted tools', async () => {
    const message = await anthropicStream(encodeStream(anthropicMessages, decode('hosted')));
    expect(message.stop_reason).toBe('pause_turn');
    expect(message.content).toMatchObject([
      { type: 'server_tool_use', input: { query: 'news' } },
      { type: 'web_search_tool_result' },
      { type: 'text', text: 'Here is the news.' },
    ]);
  });

  test('arguments of two calls that come in turns keep both blocks open, and the official client sorts them', async () => {
    const events: GenEvent[] = [
      { type: 'tool_call', choice: 0, index: 0, id: 'a', name: 'f' },
      { type: 'tool_call', choice: 0, index: 1, id: 'b', name: 'g' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"x"' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{"y"' },
      { type: 'tool_args', choice: 0, index: 0, delta: ':1}' },
      { type: 'tool_args', choice: 0, index: 1, delta: ':2}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
    ];
    const message = await anthropicStream(encodeStream(anthropicMessages, events));
    expect(message.content).toMatchObject([
      { id: 'a', input: { x: 1 } },
      { id: 'b', input: { y: 2 } },
    ]);
  });

  test('two signed thoughts in a row stay two blocks', async () => {
    const thought = (delta: string, signature: string): GenEvent[] => [
      { type: 'thinking', choice: 0, delta, origin },
      { type: 'thinking_signature', choice: 0, signature },
    ];
    const message = await anthropicStream(
      encodeStream(anthropicMessages, [...thought('a', 'A'), ...thought('b', 'B')]),
    );
    expect(message.content).toEqual([
      { type: 'thinking', thinking: 'a', signature: 'A' },
      { type: 'thinking', thinking: 'b', signature: 'B' },
    ]);
  });

  test('calls one after the other are closed before the next begins', () => {
    const stream = encodeStream(anthropicMessages, decode('tools'));
    const order = payloads(stream).map((p) => {
      const { type, index } = p as { type: string; index?: number };
      return index === undefined ? type : `${type} ${index}`;
    });
    expect(order.filter((line) => !line.includes('delta'))).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_stop 1',
      'content_block_start 2',
      'content_block_stop 2',
      'message_stop',
    ]);
  });

  test('foreign thinking is shown without signature; foreign secrets are not shown', () => {
    const events: GenEvent[] = [
      { type: 'thinking', choice: 0, delta: 'hm', origin: 'gemini' },
      { type: 'thinking_signature', choice: 0, signature: 'GEMINI' },
      { type: 'thinking_redacted', choice: 0, data: 'SECRET', origin: 'openai-responses' },
      { type: 'opaque', choice: 0, origin: 'openai-responses', raw: { type: 'web_search_call' } },
      { type: 'text', choice: 0, delta: 'ok' },
      { type: 'finish', choice: 0, reason: 'stop' },
    ];
    const stream = encodeStream(anthropicMessages, events);
    expect(stream).not.toMatch(/GEMINI|SECRET|web_search_call/);
    expect(stream).toContain('"thinking":"hm"');
  });

  test('an answer without a word is a complete message', async () => {
    const message = await anthropicStream(
      encodeStream(anthropicMessages, [{ type: 'finish', choice: 0, reason: 'length' }]),
    );
    expect(message).toMatchObject({ content: [], stop_reason: 'max_tokens', usage: { output_tokens: 0 } });
  });

  test('an error in the middle reaches the official client as an error', async () => {
    const encoder = anthropicMessages.streamEncoder({ id: 'i', model: 'm', created_s: 0, include_usage: true });
    const begun = decode('plain')
      .slice(0, 2)
      .map((event) => encoder.push(event))
      .join('');
    const error = new AtpError('stream_truncated', 'The provider ended the stream early.', { origin: 'remote' });
    const stream = begun + anthropicMessages.encodeStreamError(error, 'req_9');
    await expect(anthropicStream(stream)).rejects.toThrowError(/ended the stream early/);
  });
});
