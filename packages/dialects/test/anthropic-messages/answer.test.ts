import { AtpError, type ErrorCode, type JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, type Choice, type FinishReason, type GenResponse } from '../../src/index.ts';
import { anthropicAnswer } from '../shared/sdk.ts';
import { ATP, fixtureJson, fixtureText, frame } from '../shared/wire.ts';

const decode = (name: string): GenResponse =>
  anthropicMessages.decodeResponse(fixtureJson(`anthropic-messages/${name}.json`));
const encode = (response: GenResponse): JsonObject =>
  anthropicMessages.encodeResponse(response, { id: 'id_1', model: 'small' });
const answer = (finish: FinishReason, parts: Choice['parts'], stop_sequence?: string): JsonObject =>
  encode({
    id: '',
    model: '',
    created_s: 0,
    choices: [{ parts, finish, ...(stop_sequence === undefined ? {} : { stop_sequence }) }],
  });

describe('anthropic-messages: whole answers', () => {
  test('text, with cached and written tokens inside the input', () => {
    expect(decode('plain')).toEqual({
      id: 'msg_01X',
      model: 'claude-opus-5-5',
      created_s: 0,
      choices: [{ parts: [{ type: 'text', text: 'Blue.' }], finish: 'stop' }],
      usage: {
        in_tokens: 2_125,
        out_tokens: 15,
        cached_in_tokens: 2_000,
        cache_write_tokens: 100,
        reasoning_tokens: 0,
      },
    });
  });

  test('thinking and calls', () => {
    expect(decode('tools').choices).toEqual([
      {
        parts: [
          { type: 'thinking', text: 'I should check.', signature: 'EqQBCgIYAhIM', origin: 'anthropic-messages' },
          { type: 'thinking', text: '', redacted: 'EmwKAhgBEgy3', origin: 'anthropic-messages' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_call', id: 'toolu_01A', name: 'get_weather', args_json: '{"city":"Paris"}' },
          { type: 'tool_call', id: 'toolu_01B', name: 'get_time', args_json: '{}' },
        ],
        finish: 'tool_calls',
      },
    ]);
  });

  test.each(['plain', 'tools'])('%s: written again it is what the provider wrote', async (name) => {
    const { id, model, ...rest } = fixtureJson(`anthropic-messages/${name}.json`);
    expect([id, model]).toEqual([expect.any(String), 'claude-opus-5-5']);
    const usage = { ...(rest['usage'] as JsonObject) };
    // Which lifetime the written tokens have, and the tier, are not part of the model.
    for (const lost of ['cache_creation', 'service_tier']) delete usage[lost];
    expect(encode(decode(name))).toMatchObject({ ...rest, usage, id: 'id_1', model: 'small' });
  });

  test('the official client reads what is written', async () => {
    const message = await anthropicAnswer(encode(decode('tools')));
    expect(message).toMatchObject({ id: 'id_1', role: 'assistant', stop_reason: 'tool_use', stop_details: null });
    expect(message.content[3]).toMatchObject({ type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } });
  });

  test.each([
    ['stop', [{ type: 'text', text: 'x' }], undefined, 'end_turn'],
    ['stop', [{ type: 'text', text: 'x' }], 'END', 'stop_sequence'],
    ['stop', [{ type: 'tool_call', id: 'c', name: 'f', args_json: '{}' }], undefined, 'tool_use'],
    ['stop', [{ type: 'refusal', text: 'no' }], undefined, 'refusal'],
    ['tool_calls', [], undefined, 'tool_use'],
    ['length', [], undefined, 'max_tokens'],
    ['content_filter', [], undefined, 'refusal'],
    ['pause', [], undefined, 'pause_turn'],
    ['error', [], undefined, 'refusal'],
  ] as const)('%s with %o ends as stop_reason', (finish, parts, stop_sequence, stop_reason) => {
    const message = answer(finish, parts, stop_sequence);
    expect([message['stop_reason'], message['stop_sequence']]).toEqual([stop_reason, stop_sequence ?? null]);
  });

  test('an answer that failed at its end says so', () => {
    expect(answer('error', [])['stop_details']).toMatchObject({ explanation: expect.stringContaining('error') });
    expect(answer('content_filter', [])['stop_details']).toBeNull();
  });

  test.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['stop_sequence', 'stop'],
    ['tool_use', 'tool_calls'],
    ['pause_turn', 'pause'],
    ['refusal', 'content_filter'],
    ['a_later_reason', 'stop'],
    ['constructor', 'stop'],
  ])('stop_reason %s is finish %s', (stop_reason, finish) => {
    expect(anthropicMessages.decodeResponse({ content: [], stop_reason }).choices[0]?.finish).toBe(finish);
  });

  test('foreign thinking is shown unsigned; foreign secrets and traces are not shown', () => {
    const message = answer('stop', [
      { type: 'thinking', text: 'hm', signature: 'GEMINI', origin: 'gemini' },
      { type: 'thinking', text: '', redacted: 'SECRET', origin: 'openai-responses' },
      { type: 'opaque', origin: 'openai-responses', raw: { type: 'x' } },
      { type: 'text', text: '' },
    ]);
    expect(message['content']).toEqual([{ type: 'thinking', thinking: 'hm', signature: '' }]);
  });

  test('an answer without content is the fault of the provider', () => {
    expect(() => anthropicMessages.decodeResponse({ id: 'x' })).toThrowError(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  });
});

describe('anthropic-messages: errors', () => {
  test.each([
    [529, 'error-529', 'overloaded', 'Overloaded'],
    [400, 'error-400', 'too_large', 'prompt is too long: 210000 tokens > 200000 maximum'],
    [400, 'error-credit', 'quota', expect.stringContaining('credit balance')],
  ])('%i %s', (status, name, kind, message) => {
    const body = fixtureText(`anthropic-messages/${name}.json`);
    expect(anthropicMessages.decodeError(status, body)).toEqual({ status, kind, message });
  });

  test.each([
    [401, { type: 'authentication_error', message: 'invalid x-api-key' }, 'unauthorized'],
    [403, { type: 'permission_error', message: '' }, 'permission'],
    [404, { type: 'not_found_error', message: 'model: x' }, 'not_found'],
    [413, { type: 'request_too_large', message: '' }, 'too_large'],
    [429, { type: 'rate_limit_error', message: '' }, 'rate_limited'],
    [429, { type: 'rate_limit_error', message: '', details: { error_code: 'enforced_spend_limit_reached' } }, 'quota'],
    [402, { type: 'billing_error', message: '' }, 'quota'],
    [500, { type: 'api_error', message: '' }, 'server'],
    [400, { type: 'invalid_request_error', message: 'bad' }, 'invalid_request'],
    [418, { type: 'later_error', message: '' }, 'invalid_request'],
  ])('%i %o is %s', (status, error, kind) => {
    expect(anthropicMessages.decodeError(status, JSON.stringify({ type: 'error', error }))).toMatchObject({
      status,
      kind,
    });
  });

  test('bodies that are no JSON', () => {
    expect(anthropicMessages.decodeError(502, '<html>')).toMatchObject({
      kind: 'server',
      message: expect.stringContaining('HTML'),
    });
    expect(anthropicMessages.decodeError(503, '')).toEqual({ status: 503, kind: 'overloaded', message: '' });
  });

  test.each([
    ['unauthorized', 401, 'authentication_error'],
    ['policy_denied', 403, 'permission_error'],
    ['model_not_found', 404, 'not_found_error'],
    ['call_interrupted', 409, 'conflict_error'],
    ['prompt_too_large', 413, 'request_too_large'],
    ['idempotency_mismatch', 422, 'invalid_request_error'],
    ['rate_limited', 429, 'rate_limit_error'],
    ['budget_exhausted', 429, 'billing_error'],
    ['internal_error', 500, 'api_error'],
    ['upstream_error', 502, 'api_error'],
    ['backpressure', 503, 'overloaded_error'],
    ['deadline_exceeded', 504, 'timeout_error'],
  ] as const)('%s is told as %i %s', (code: ErrorCode, status, type) => {
    const { status: sent, body } = anthropicMessages.encodeError(new AtpError(code, 'Why.'), 'req_1');
    expect(sent).toBe(status);
    expect(body).toEqual({
      type: 'error',
      error: { type, message: 'Why.', code, origin: 'local' },
      request_id: 'req_1',
    });
  });

  test('the official client raises the error that its type and status stand for', async () => {
    const error = new AtpError('rate_limited', 'Slow down.', { param: 'model', retry_after_ms: 500 });
    const { status, body } = anthropicMessages.encodeError(error, 'req_1');
    await expect(anthropicAnswer(body, status)).rejects.toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      apiMessage: 'Slow down.',
      error: { error: { param: 'model', retry_after_ms: 500 } },
    });
  });
});

describe('anthropic-messages: passing through', () => {
  const { passThrough } = anthropicMessages;
  const body: JsonObject = {
    model: 'small',
    max_tokens: 8_000,
    messages: [{ role: 'user', content: 'Hi' }],
    container: 'c',
  };

  test('only what the router has to change is changed', () => {
    expect(passThrough.patchRequest(body, { model: 'claude', include_usage: true })).toEqual({
      body: { ...body, model: 'claude' },
      ignored: [],
    });
    expect(passThrough.usage_frame).toBeUndefined();
  });

  test.each([
    [
      8_000,
      4_000,
      { type: 'enabled', budget_tokens: 6_000 },
      { max_tokens: 4_000, thinking: { type: 'enabled', budget_tokens: 3_999 } },
    ],
    [8_000, 1_000, { type: 'enabled', budget_tokens: 6_000 }, { max_tokens: 1_000, thinking: { type: 'disabled' } }],
    [
      8_000,
      9_000,
      { type: 'enabled', budget_tokens: 6_000 },
      { max_tokens: 8_000, thinking: { type: 'enabled', budget_tokens: 6_000 } },
    ],
    [8_000, 500, { type: 'adaptive' }, { max_tokens: 500, thinking: { type: 'adaptive' } }],
  ])('asked for %i, allowed %i, with %o', (max_tokens, max_output_tokens, thinking, expected) => {
    const patched = passThrough.patchRequest(
      { ...body, max_tokens, thinking },
      { model: 'm', max_output_tokens, include_usage: true },
    );
    expect(patched.body).toEqual({ ...body, model: 'm', ...expected });
  });

  test.each([
    [undefined, 'P'],
    ['', 'P'],
    ['S', 'P\n\nS'],
    [
      [{ type: 'text', text: 'S' }],
      [
        { type: 'text', text: 'P' },
        { type: 'text', text: 'S' },
      ],
    ],
  ])('a system prompt before %o', (system, expected) => {
    const patch = { model: 'm', system_prompt: 'P', include_usage: true };
    expect(passThrough.patchRequest({ ...body, system }, patch).body['system']).toEqual(expected);
  });

  const use = { type: 'tool_use', id: 't', name: 'f', input: {} };
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't' }] };
  const thought = (signature?: string): JsonObject => ({ type: 'thinking', thinking: 'hm', signature });

  test('thinking that another provider left without a signature is taken out, and the rest left alone', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [thought('')] },
      { role: 'assistant', content: [thought('S'), use] },
      result,
      { role: 'assistant', content: [thought(), { type: 'text', text: 'ok' }] },
      { role: 'user', content: 'Go on' },
    ];
    const thinking = { type: 'enabled', budget_tokens: 2_000 };
    const patched = passThrough.patchRequest({ ...body, messages, thinking }, { model: 'm', include_usage: true });
    expect(patched.ignored).toEqual(['thinking_in_answer']);
    expect(patched.body['messages']).toEqual([
      messages[0],
      messages[2],
      result,
      { role: 'assistant', content: [{ type: 'text', text: 'ok' }] },
      messages[5],
    ]);
    expect(patched.body['thinking']).toEqual(thinking);
  });

  test('inside a tool loop the budget goes with it, because the provider would refuse the request', () => {
    const messages = [{ role: 'assistant', content: [thought(''), use] }, result];
    const thinking = { type: 'enabled', budget_tokens: 2_000 };
    const patched = passThrough.patchRequest({ ...body, messages, thinking }, { model: 'm', include_usage: true });
    expect(patched.body['thinking']).toEqual({ type: 'disabled' });
  });

  test('the cost rides on the message_delta', () => {
    const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } };
    const sent = passThrough.annotateFrame(frame(delta, 'message_delta'), ATP);
    expect(sent).toBe(`event: message_delta\ndata: ${JSON.stringify({ ...delta, atp: ATP })}\n\n`);
  });
});
