import { framer, type GenEvent, openaiResponses } from '@atp-router/dialects';
import { describe, expect, it } from 'vitest';
import { ATP, encodeStream, eventsOfStream, FRAME_BYTES, fixture, typedEvents } from './wire.ts';

const START: GenEvent = {
  type: 'start',
  id: 'resp_68a1',
  model: 'gpt-5.2-2026-02-01',
  created_s: 1_764_000_000,
};
const ORIGIN = 'openai-responses';

describe('streamDecoder', () => {
  it('plain', () => {
    expect(eventsOfStream(fixture('plain.sse'))).toEqual([
      START,
      { type: 'text', choice: 0, delta: 'Hel' },
      { type: 'text', choice: 0, delta: 'lo ' },
      { type: 'text', choice: 0, delta: 'there — ☃.' },
      { type: 'finish', choice: 0, reason: 'stop' },
      {
        type: 'usage',
        usage: { in_tokens: 12, out_tokens: 4, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
      },
      { type: 'end' },
    ]);
  });

  it('reasoning, text and parallel tool calls', () => {
    expect(eventsOfStream(fixture('tools.sse'))).toEqual([
      START,
      { type: 'thinking', choice: 0, delta: 'Two ', origin: ORIGIN },
      { type: 'thinking', choice: 0, delta: 'cities.', origin: ORIGIN },
      { type: 'thinking', choice: 0, delta: '\n\nAsk for both.', origin: ORIGIN },
      { type: 'thinking_redacted', choice: 0, data: 'gAAAA-enc', origin: ORIGIN },
      { type: 'text', choice: 0, delta: 'Let me look.' },
      { type: 'tool_call', choice: 0, index: 0, id: 'call_a', name: 'get_weather' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"ci' },
      { type: 'tool_args', choice: 0, index: 0, delta: 'ty":"Paris"}' },
      { type: 'tool_call', choice: 0, index: 1, id: 'call_b', name: 'get_weather' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{"city":' },
      { type: 'tool_args', choice: 0, index: 1, delta: '"Rome"}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      {
        type: 'usage',
        usage: { in_tokens: 120, out_tokens: 64, cached_in_tokens: 100, cache_write_tokens: 5, reasoning_tokens: 32 },
      },
      { type: 'end' },
    ]);
  });

  it('a server that sends raw reasoning, whole arguments, unknown types and a [DONE] mark', () => {
    expect(eventsOfStream(fixture('open-responses.sse'))).toEqual([
      START,
      { type: 'thinking', choice: 0, delta: 'Need the clock.', origin: ORIGIN },
      { type: 'tool_call', choice: 0, index: 0, id: 'call_a', name: 'now' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"tz":"UTC"}' },
      { type: 'finish', choice: 0, reason: 'tool_calls' },
      {
        type: 'usage',
        usage: { in_tokens: 7, out_tokens: 9, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
      },
      { type: 'end' },
    ]);
  });

  it('log-probabilities', () => {
    const events = eventsOfStream(fixture('logprobs.sse'));
    expect(events.map((e) => e.type)).toEqual(['start', 'text', 'logprobs', 'finish', 'usage', 'end']);
  });

  it('a hosted tool passes as an opaque block', () => {
    const events = eventsOfStream(fixture('hosted.sse'));
    expect(events.map((e) => e.type)).toEqual(['start', 'opaque_delta', 'opaque', 'text', 'finish', 'usage', 'end']);
  });

  it.each([
    ['response.custom_tool_call_input.delta', { delta: 'SELECT 1' }, { delta: 'SELECT 1' }],
    ['response.code_interpreter_call_code.delta', { delta: 'x = 1' }, { delta: 'x = 1' }],
    ['response.image_generation_call.partial_image', { partial_image_b64: 'iVBO' }, { delta: 'iVBO', media: true }],
    ['response.audio.delta', { delta: 'UklG' }, { delta: 'UklG', media: true }],
  ])('%s is a piece of what only this shape can say', (type, fields, piece) => {
    const events = eventsOfStream(`event: ${type}\ndata: ${JSON.stringify({ type, output_index: 0, ...fields })}\n\n`);
    expect(events.slice(1)).toEqual([{ type: 'opaque_delta', choice: 0, ...piece }]);
  });

  it('an answer that a limit cut', () => {
    expect(eventsOfStream(fixture('incomplete.sse'))).toContainEqual({ type: 'finish', choice: 0, reason: 'length' });
  });

  it.each([
    ['failed.sse', { status: 429, kind: 'rate_limited', message: 'Rate limit reached.' }],
    ['error.sse', { status: 502, kind: 'server', message: 'The server had an error.' }],
  ])('%s ends with an error and no end', (name, error) => {
    expect(eventsOfStream(fixture(name))).toEqual([START, { type: 'error', error }]);
  });

  it('reads an error that is nested, with or without a type', () => {
    const error = { code: 'invalid_prompt', message: 'No.' };
    for (const event of [{ type: 'error', error }, { error }]) {
      expect(eventsOfStream(`data: ${JSON.stringify(event)}\n\n`)).toEqual([
        { type: 'error', error: { status: 400, kind: 'invalid_request', message: 'No.' } },
      ]);
    }
  });

  it('a stream that was cut has neither a finish nor an end', () => {
    const types = eventsOfStream(fixture('cut.sse')).map((e) => e.type);
    expect(types).toEqual(['start', 'text', 'text', 'text']);
  });

  it('malformed JSON is an error of the provider', () => {
    expect(() => eventsOfStream('event: x\ndata: {"type":\n\n')).toThrow(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  });

  it.each(['plain', 'tools', 'open-responses'])('splitting the bytes anywhere changes nothing: %s', (name) => {
    const sse = fixture(`${name}.sse`);
    const bytes = new TextEncoder().encode(sse);
    const whole = JSON.stringify(eventsOfStream(sse));
    for (let at = 1; at < bytes.length; at += 1) {
      const frames = framer('sse', FRAME_BYTES);
      const decoder = openaiResponses.streamDecoder();
      const events = [bytes.subarray(0, at), bytes.subarray(at)]
        .flatMap((chunk) => frames.push(chunk))
        .flatMap((frame) => [...decoder.push(frame)]);
      if (JSON.stringify(events) !== whole) expect.fail(`split at byte ${at}`);
    }
  });
});

describe('streamEncoder', () => {
  it('emits the whole typed sequence', () => {
    const events = typedEvents(
      encodeStream([
        START,
        { type: 'thinking', choice: 0, delta: 'Hm.', origin: 'gemini' },
        { type: 'text', choice: 0, delta: 'Hel' },
        { type: 'text', choice: 0, delta: 'lo' },
        { type: 'tool_call', choice: 0, index: 0, id: 'call_a', name: 'f' },
        { type: 'tool_args', choice: 0, index: 0, delta: '{"a":' },
        { type: 'tool_args', choice: 0, index: 0, delta: '1}' },
        { type: 'finish', choice: 0, reason: 'tool_calls' },
        {
          type: 'usage',
          usage: { in_tokens: 3, out_tokens: 2, cached_in_tokens: 1, cache_write_tokens: 0, reasoning_tokens: 1 },
        },
        { type: 'end' },
      ]),
    );
    expect(events.map((e) => e['type'])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((e) => e['sequence_number'])).toEqual(events.map((_, i) => i));
    expect(events[10]).toEqual({
      type: 'response.output_text.delta',
      sequence_number: 10,
      item_id: 'msg_01abc_1',
      output_index: 1,
      content_index: 0,
      delta: 'Hel',
      logprobs: [],
    });
    expect(events[18]).toEqual({
      type: 'response.function_call_arguments.done',
      sequence_number: 18,
      item_id: 'fc_01abc_2',
      output_index: 2,
      name: 'f',
      arguments: '{"a":1}',
    });
    expect(events[20]).toMatchObject({
      response: {
        id: 'resp_01abc',
        status: 'completed',
        model: 'small',
        created_at: 1_764_000_100,
        output: [
          { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] },
          { type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'Hello' }] },
          { type: 'function_call', status: 'completed', call_id: 'call_a', name: 'f', arguments: '{"a":1}' },
        ],
        usage: { input_tokens: 3, input_tokens_details: { cached_tokens: 1 }, output_tokens: 2, total_tokens: 5 },
        atp: ATP,
      },
    });
  });

  it('holds the closing event back until it has the cost', () => {
    const encoder = openaiResponses.streamEncoder({ id: 'x', model: 'm', created_s: 1, include_usage: true });
    encoder.push(START);
    expect(encoder.push({ type: 'finish', choice: 0, reason: 'stop' })).toBe('');
    expect(encoder.push({ type: 'end' })).toBe('');
    expect(typedEvents(encoder.finish(ATP)).map((e) => e['type'])).toEqual(['response.completed']);
  });

  it.each([
    ['length', 'response.incomplete', { reason: 'max_output_tokens' }],
    ['content_filter', 'response.incomplete', { reason: 'content_filter' }],
    ['error', 'response.failed', null],
    ['pause', 'response.completed', null],
  ] as const)('finish %s becomes %s', (reason, type, incomplete_details) => {
    const stream = encodeStream([
      START,
      { type: 'text', choice: 0, delta: 'a' },
      { type: 'finish', choice: 0, reason },
    ]);
    const last = typedEvents(stream).at(-1);
    expect(last).toMatchObject({ type, response: { incomplete_details } });
  });

  it('closes a call as soon as its arguments are whole, and not before', () => {
    const sequential = encodeStream([
      { type: 'tool_call', choice: 0, index: 0, id: 'a', name: 'f' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{}' },
      { type: 'tool_call', choice: 0, index: 1, id: 'b', name: 'g' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{}' },
    ]);
    expect(outputs(sequential)).toEqual(['added 0', 'done 0', 'added 1', 'done 1']);
    const interleaved = encodeStream([
      { type: 'tool_call', choice: 0, index: 0, id: 'a', name: 'f' },
      { type: 'tool_args', choice: 0, index: 0, delta: '{"x"' },
      { type: 'tool_call', choice: 0, index: 1, id: 'b', name: 'g' },
      { type: 'tool_args', choice: 0, index: 1, delta: '{}' },
      { type: 'tool_args', choice: 0, index: 0, delta: ':1}' },
    ]);
    expect(outputs(interleaved)).toEqual(['added 0', 'added 1', 'done 0', 'done 1']);
    expect(typedEvents(interleaved).at(-1)).toMatchObject({
      response: { output: [{ arguments: '{"x":1}' }, { arguments: '{}' }] },
    });
  });

  it('gives a call without arguments an empty object', () => {
    const stream = encodeStream([{ type: 'tool_call', choice: 0, index: 0, id: 'a', name: 'f' }]);
    expect(eventsOfStream(stream)).toContainEqual({ type: 'tool_args', choice: 0, index: 0, delta: '{}' });
  });

  it('writes log-probabilities with the text they belong to', () => {
    const entry = { token: 'Hi', logprob: -0.1, bytes: null, top_logprobs: [] };
    const events = typedEvents(
      encodeStream([
        { type: 'text', choice: 0, delta: 'Hi' },
        { type: 'logprobs', choice: 0, content: { content: [entry], refusal: null } },
      ]),
    );
    const filled = { ...entry, bytes: [] };
    expect(events.find((e) => e['type'] === 'response.output_text.done')).toMatchObject({ logprobs: [filled] });
  });

  it.each(['plain', 'tools', 'logprobs', 'hosted', 'incomplete'])('decodes again to the same answer: %s', (name) => {
    const events = eventsOfStream(fixture(`${name}.sse`));
    const again = eventsOfStream(encodeStream(events));
    const strip = (list: readonly GenEvent[]): readonly GenEvent[] => list.filter((e) => e.type !== 'start');
    expect(strip(again)).toEqual(strip(events));
  });
});

function outputs(sse: string): string[] {
  return typedEvents(sse)
    .filter((e) => String(e['type']).startsWith('response.output_item.'))
    .map((e) => `${String(e['type']).split('.').at(-1)} ${String(e['output_index'])}`);
}
