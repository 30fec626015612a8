import type { JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ask, eventsOf, foldEvents, openaiChat, remoteToAtpError } from '../../src/index.ts';
import { requestFrom, responseWith } from '../shared/arbitrary.ts';
import { ATP, context, decodeStream, encodeStream, frame, request } from '../shared/wire.ts';

const RUNS = { seed: 20_262, numRuns: 200 };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const thought = fc.record({
  type: fc.constant('thinking' as const),
  text: fc.string({ minLength: 1 }),
  origin: fc.constant('ask' as const),
});

describe('requests', () => {
  test('of ask come to an ask provider as they were', () => {
    const body: JsonObject = {
      ...{ model: 'small', system: 'Be brief.', prompt: 'Hi', max_output_tokens: 7, temperature: 0.5, seed: 3 },
      ...{ stop: ['X'], metadata: { a: '1' }, user: 'u', later: { x: 1 } },
    };
    const { body: sent, ignored } = ask.encodeRequest(
      ask.decodeRequest(body),
      context({ upstream_model: 'up', stream: true }),
    );
    expect(ignored).toEqual([]);
    expect(sent).toEqual({
      ...{ model: 'up', stream: true, max_output_tokens: 7, temperature: 0.5, seed: 3, stop: ['X'], user: 'u' },
      ...{ metadata: { a: '1' }, later: { x: 1 } },
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    });
  });

  test('of chat completions keep their meaning', () => {
    fc.assert(
      fc.property(requestFrom('openai-chat'), (asked) => {
        const { body } = ask.encodeRequest(asked, context({ stream: asked.stream, drop: () => true }));
        const read = ask.decodeRequest(JSON.parse(JSON.stringify(body)) as JsonObject);
        const again = ask.encodeRequest(read, context({ stream: asked.stream }));
        expect(again).toEqual({ body, ignored: [] });
        expect(read.tools).toEqual(asked.tools);
        expect(read.max_output_tokens).toBe(asked.max_output_tokens);
      }),
      RUNS,
    );
  });

  test('may be limited by the budget, and never widened', () => {
    const limit = (wanted: number | undefined, cap: number | undefined): unknown =>
      ask.encodeRequest(
        request(wanted === undefined ? {} : { max_output_tokens: wanted }),
        context(cap === undefined ? {} : { max_output_tokens: cap }),
      ).body['max_output_tokens'];
    expect([limit(10, 5), limit(5, 10), limit(undefined, 9), limit(undefined, undefined)]).toEqual([
      5,
      5,
      9,
      undefined,
    ]);
  });

  test.each([
    ['n', { n: 2 }],
    ['logprobs', { logprobs: { top: 1 } }],
    ['top_k', { top_k: 3 }],
    ['frequency_penalty', { frequency_penalty: 1 }],
    ['presence_penalty', { presence_penalty: 1 }],
    ['logit_bias', { logit_bias: { '1': 2 } }],
    ['hosted_tools', { hosted_tools: [{ type: 'web_search', origin: 'openai-responses' as const, raw: {} }] }],
  ])('cannot say %s, and are refused for it unless it may be dropped', (field, over) => {
    expect(() => ask.encodeRequest(request(over), context())).toThrow(
      `"${field}" cannot be expressed for a ask provider`,
    );
    expect(ask.encodeRequest(request(over), context({ drop: () => true })).ignored).toEqual([field]);
  });
});

describe('answers', () => {
  test('keep their meaning, whole and streamed', () => {
    fc.assert(
      fc.property(responseWith(thought), (response) => {
        fc.pre(response.choices[0]?.parts.some((part) => part.type !== 'thinking' && part.type !== 'opaque') ?? false);
        const streamed = foldEvents(decodeStream(ask, [text(encodeStream(ask, eventsOf(response)))]));
        const sent = JSON.stringify(ask.encodeResponse(response, { id: 'id_1', model: 'small', atp: ATP }));
        const whole = ask.decodeResponse(JSON.parse(sent) as JsonObject);
        expect(whole).toEqual(response);
        expect({ ...streamed, id: 'id_1', model: 'small', created_s: response.created_s }).toEqual(response);
      }),
      RUNS,
    );
  });

  test('of an agent that streams nothing are read from the last event', () => {
    const final = { type: 'final', text: 'All of it.' };
    expect(ask.streamDecoder().push(frame(final, 'final'))).toEqual([
      { type: 'start', id: '', model: '', created_s: 0 },
      { type: 'text', choice: 0, delta: 'All of it.' },
      { type: 'finish', choice: 0, reason: 'stop' },
      { type: 'end' },
    ]);
  });

  test('that were streamed are not told again by the last event', () => {
    const decoder = ask.streamDecoder();
    const events = [
      { type: 'plan', primary: {} },
      { type: 'chunk', choice: 0, kind: 'text', delta: 'Part' },
      { type: 'chunk', choice: 0, kind: 'hologram', delta: 'later edition' },
      { type: 'chunk', choice: 0, kind: 'tool_call', index: 0, id: 'c1', name: 'f' },
      { type: 'chunk', choice: 0, kind: 'tool_args', index: 0, delta: '{}' },
      { type: 'news', text: 'later edition' },
      { type: 'final', text: 'Part', finish: 'tool_calls', usage: { in_tokens: 2, out_tokens: 3 } },
    ].flatMap((data) => decoder.push(frame(data, data.type)));
    expect(events.map((event) => event.type)).toEqual([
      ...['start', 'text', 'tool_call', 'tool_args', 'finish', 'usage', 'end'],
    ]);
    const answer = foldEvents(events);
    expect(answer.choices[0]?.parts).toEqual([
      { type: 'text', text: 'Part' },
      { type: 'tool_call', id: 'c1', name: 'f', args_json: '{}' },
    ]);
  });

  test.each([
    ['without text', { finish: 'stop' }],
    ['with a number for text', { text: 7 }],
  ])('%s are the fault of the provider', (_name, body) => {
    expect(() => ask.decodeResponse(body)).toThrow('The provider answered without "text".');
  });

  test.each([
    ['negative', { in_tokens: -1, out_tokens: 1 }],
    ['broken', { in_tokens: 1.5, out_tokens: 1 }],
    ['half', { in_tokens: 1 }],
    ['null', null],
  ])('whose usage is %s are counted by the router', (_name, usage) => {
    expect(ask.decodeResponse({ text: 'x', usage }).usage).toBeUndefined();
  });
});

describe('errors', () => {
  test.each([
    ['rate_limited', 'rate_limited'],
    ['budget_exhausted', 'upstream_error'],
    ['prompt_too_large', 'prompt_too_large'],
    ['invalid_request', 'upstream_rejected'],
    ['unauthorized', 'upstream_error'],
    ['no_models_available', 'upstream_error'],
    ['a_code_of_a_later_edition', 'upstream_error'],
  ])('in a stream, %s', (code, ours) => {
    const error = { code, message: 'No.', retry_after_ms: 250 };
    const [event] = ask.streamDecoder().push(frame({ type: 'error', error }, 'error'));
    if (event?.type !== 'error') throw new Error('no error');
    expect(event.error.retry_after_ms).toBe(250);
    expect(remoteToAtpError(event.error, 'agent').code).toBe(ours);
  });

  test('of the router itself are read back', () => {
    const told = remoteToAtpError({ status: 429, kind: 'rate_limited', message: 'Slow down.' }, 'up');
    const { status, body } = ask.encodeError(told, 'req_1');
    expect(ask.decodeError(status, JSON.stringify(body))).toMatchObject({ status: 429, kind: 'rate_limited' });
  });

  test('that are not JSON are told by status and text', () => {
    expect(ask.decodeError(503, 'busy')).toEqual({ status: 503, kind: 'overloaded', message: 'busy' });
  });
});

test('a chat client gets what an agent said', () => {
  const stream = [
    'event: chunk\ndata: {"type":"chunk","choice":0,"kind":"text","delta":"Hello"}\n\n',
    'event: final\ndata: {"type":"final","text":"Hello","finish":"stop"}\n\n',
  ].join('');
  const told = encodeStream(openaiChat, decodeStream(ask, [text(stream)]));
  expect(told).toContain('"content":"Hello"');
  expect(told).toContain('"finish_reason":"stop"');
});
