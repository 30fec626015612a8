import { AtpError, type ErrorCode, type JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { type EndpointTraits, type GenResponse, openaiChat } from '../../src/index.ts';
import { openaiAnswer } from '../shared/sdk.ts';
import { ATP, fixtureJson, fixtureText, frame } from '../shared/wire.ts';

const decode = (name: string): GenResponse => openaiChat.decodeResponse(fixtureJson(`openai-chat/${name}.json`));
const message = (over: JsonObject): GenResponse['choices'][number] | undefined =>
  openaiChat.decodeResponse({ id: 'r1', choices: [{ message: over, finish_reason: 'stop' }] }).choices[0];

describe('openai-chat: whole answers', () => {
  test('text and usage', () => {
    expect(decode('plain')).toEqual({
      id: 'chatcmpl-9A',
      model: 'gpt-5.2-2026-02-01',
      created_s: 1_764_000_000,
      choices: [{ parts: [{ type: 'text', text: 'Blue.' }], finish: 'stop' }],
      usage: { in_tokens: 1_200, out_tokens: 90, cached_in_tokens: 1_024, cache_write_tokens: 0, reasoning_tokens: 64 },
    });
  });

  test('parallel calls', () => {
    expect(decode('tools').choices).toEqual([
      {
        parts: [
          { type: 'tool_call', id: 'call_a1', name: 'get_weather', args_json: '{"city":"Paris"}' },
          { type: 'tool_call', id: 'call_b2', name: 'get_time', args_json: '{}' },
        ],
        finish: 'tool_calls',
      },
    ]);
  });

  test.each(['plain', 'tools'])('%s: read, written and read again; the official client reads it too', async (name) => {
    const body = openaiChat.encodeResponse(decode(name), { id: 'id_1', model: 'small' });
    expect(openaiChat.decodeResponse(body)).toEqual({ ...decode(name), id: 'id_1', model: 'small' });
    const read = await openaiAnswer(body);
    const [wrote] = fixtureJson(`openai-chat/${name}.json`)['choices'] as [{ message: JsonObject }];
    const { annotations: _, ...told } = wrote.message;
    expect(read.choices).toEqual([{ ...wrote, message: told }]);
    expect(read.object).toBe('chat.completion');
  });

  test('what compatible servers answer: parts, arguments as an object, no ids, reasoning', () => {
    expect(
      message({
        content: [{ type: 'thinking' }, { type: 'text', text: 'a' }, { type: 'text', text: 'b' }],
        reasoning: 'hm',
        refusal: '',
        tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }, { id: '', function: { name: 'g' } }],
      })?.parts,
    ).toEqual([
      { type: 'thinking', text: 'hm', origin: 'openai-chat' },
      { type: 'text', text: 'ab' },
      { type: 'tool_call', id: 'call_r1_0_0', name: 'f', args_json: '{"a":1}' },
      { type: 'tool_call', id: 'call_r1_0_1', name: 'g', args_json: '{}' },
    ]);
  });

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['error', 'error'],
    ['constructor', 'stop'],
    [null, 'stop'],
  ])('finish_reason %s is finish %s', (finish_reason, finish) => {
    const { choices } = openaiChat.decodeResponse({ choices: [{ message: {}, finish_reason }] });
    expect(choices[0]?.finish).toBe(finish);
  });

  test('thinking, refusals and log-probabilities are written where clients look for them', () => {
    const logprobs = { content: [] };
    const body = openaiChat.encodeResponse(
      {
        id: '',
        model: '',
        created_s: 0,
        choices: [
          {
            parts: [
              { type: 'thinking', text: 'hm', signature: 'S', origin: 'anthropic-messages' },
              { type: 'refusal', text: 'I ' },
              { type: 'refusal', text: 'decline.' },
              { type: 'opaque', origin: 'anthropic-messages', raw: {} },
            ],
            finish: 'pause',
            logprobs,
          },
        ],
      },
      { id: 'i', model: 'm' },
    );
    expect(body['choices']).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: 'I decline.', reasoning_content: 'hm' },
        logprobs,
        finish_reason: 'stop',
      },
    ]);
    expect('usage' in body).toBe(false);
  });

  test('an answer without choices is the fault of the provider', () => {
    expect(() => openaiChat.decodeResponse({ error: 'x' })).toThrowError(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  });
});

describe('openai-chat: errors', () => {
  test.each([
    [429, 'error-429', 'quota'],
    [400, 'error-400', 'too_large'],
  ])('%i %s is %s', (status, name, kind) => {
    const body = fixtureText(`openai-chat/${name}.json`);
    const { message: text } = fixtureJson(`openai-chat/${name}.json`)['error'] as { message: string };
    expect(openaiChat.decodeError(status, body)).toEqual({ status, kind, message: text });
  });

  test.each([
    [401, '{"error":{"message":"Incorrect API key"}}', 'unauthorized', 'Incorrect API key'],
    [429, '{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}', 'rate_limited', 'Slow down'],
    [400, '{"error":{"message":"No","code":"content_policy_violation"}}', 'content_filter', 'No'],
    [
      400,
      '{"object":"error","message":"maximum context length is 10","code":400}',
      'too_large',
      'maximum context length is 10',
    ],
    [404, '{"detail":"Not Found"}', 'not_found', 'Not Found'],
    [404, '{"error":"model not found"}', 'not_found', 'model not found'],
    [500, '{"error":{"message":"x","code":"constructor"}}', 'server', 'x'],
    [502, '<html><body>Bad gateway', 'server', 'the provider answered with an HTML page instead of JSON'],
    [503, '', 'overloaded', ''],
  ])('%i %s is %s', (status, body, kind, text) => {
    expect(openaiChat.decodeError(status, body)).toEqual({ status, kind, message: text });
  });

  test.each([
    ['unauthorized', 401, 'authentication_error'],
    ['policy_denied', 403, 'permission_error'],
    ['model_not_found', 404, 'invalid_request_error'],
    ['rate_limited', 429, 'rate_limit_error'],
    ['budget_exhausted', 429, 'insufficient_quota'],
    ['upstream_error', 502, 'api_error'],
  ] as const)('%s is told as %i %s', (code: ErrorCode, status, type) => {
    expect(openaiChat.encodeError(new AtpError(code, 'Why.', { param: 'p' }), 'req_1')).toEqual({
      status,
      body: { error: { message: 'Why.', type, param: 'p', code, request_id: 'req_1', origin: 'local' } },
    });
  });

  test('the official client raises the error that its status stands for', async () => {
    const error = new AtpError('rate_limited', 'Slow down.', { retry_after_ms: 500 });
    const { status, body } = openaiChat.encodeError(error, 'req_1');
    await expect(openaiAnswer(body, status)).rejects.toMatchObject({
      status: 429,
      code: 'rate_limited',
      error: { retry_after_ms: 500 },
    });
  });
});

const COMPATIBLE: EndpointTraits = { is_openai: false, max_tokens_field: 'max_tokens' };

describe('openai-chat: passing through', () => {
  const { passThrough } = openaiChat;
  const body: JsonObject = { model: 'small', messages: [{ role: 'user', content: 'Hi' }], verbosity: 'low' };

  test('only what the router has to change is changed', () => {
    expect(passThrough.patchRequest(body, { model: 'm', include_usage: false })).toEqual({
      body: { ...body, model: 'm' },
      ignored: [],
    });
  });

  test.each([
    [{}, { max_completion_tokens: 70 }, { max_tokens: 70 }],
    [{ max_tokens: 90 }, { max_tokens: 70 }, { max_tokens: 70 }],
    [{ max_tokens: 50 }, { max_tokens: 50 }, { max_tokens: 50 }],
    [
      { max_tokens: null, max_completion_tokens: 90 },
      { max_tokens: null, max_completion_tokens: 70 },
      { max_tokens: 70 },
    ],
    [{ max_completion_tokens: 50 }, { max_completion_tokens: 50 }, { max_tokens: 50 }],
    // Whichever of them the provider obeys, it obeys the budget.
    [
      { max_tokens: 10, max_completion_tokens: 100_000 },
      { max_tokens: 10, max_completion_tokens: 70 },
      { max_tokens: 10, max_completion_tokens: 70 },
    ],
    [
      { max_tokens: 100_000, max_completion_tokens: 10 },
      { max_tokens: 70, max_completion_tokens: 10 },
      { max_tokens: 70, max_completion_tokens: 10 },
    ],
  ])('a budget of 70 tokens for %o', (over, at_openai, elsewhere) => {
    const patch = { model: 'm', max_output_tokens: 70, include_usage: false };
    const patched = (endpoint?: EndpointTraits): JsonObject =>
      passThrough.patchRequest({ ...body, ...over }, { ...patch, ...(endpoint && { endpoint }) }).body;
    expect(patched()).toEqual({ ...body, model: 'm', ...at_openai });
    expect(patched(COMPATIBLE)).toEqual({ ...body, model: 'm', ...elsewhere });
  });

  test('usage that the provider did not tell gets a chunk of its own', () => {
    const chunk = {
      id: 'x',
      object: 'chat.completion.chunk',
      created: 7,
      model: 'm',
      choices: [{ finish_reason: 'stop' }],
    };
    const usage = { in_tokens: 5, out_tokens: 3, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const made = passThrough.usage_frame?.make(frame(chunk), usage) ?? '';
    expect(made.endsWith('\n\n')).toBe(true);
    expect(JSON.parse(made.slice('data: '.length))).toMatchObject({
      ...{ id: 'x', object: 'chat.completion.chunk', created: 7, model: 'm', choices: [] },
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    });
  });

  test('usage is asked for beside the options of the client; a system prompt comes first', () => {
    const patched = passThrough.patchRequest(
      { ...body, stream_options: { include_obfuscation: false } },
      { model: 'm', include_usage: true, system_prompt: 'P' },
    );
    expect(patched.body['stream_options']).toEqual({ include_obfuscation: false, include_usage: true });
    expect(patched.body['messages']).toEqual([
      { role: 'system', content: 'P' },
      { role: 'user', content: 'Hi' },
    ]);
  });

  test('the cost rides on the finish chunk', () => {
    const chunk = { id: 'x', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
    expect(passThrough.annotateFrame(frame(chunk), ATP)).toBe(`data: ${JSON.stringify({ ...chunk, atp: ATP })}\n\n`);
  });
});
