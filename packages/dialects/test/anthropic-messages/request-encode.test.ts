import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, type EncodeContext, type GenRequest, type Part } from '../../src/index.ts';
import { context, request } from '../shared/wire.ts';

const CTX: Partial<EncodeContext> = { upstream_model: 'claude-opus-5' };
const encode = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = CTX): JsonObject =>
  anthropicMessages.encodeRequest(request(over), context(ctx)).body;
const ignored = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = CTX): readonly string[] =>
  anthropicMessages.encodeRequest(request(over), context(ctx)).ignored;
const content = (...parts: Part[]): unknown =>
  (encode({ messages: [{ role: 'user', parts }] })['messages'] as JsonObject[])[0]?.['content'];

const TOOL = { name: 'f', parameters: { type: 'object', properties: {} } };
const OWN = { source: 'anthropic-messages' } as const;
const BASE = { model: 'claude-opus-5', max_tokens: 4_096, messages: [{ role: 'user', content: 'Hi' }] };

describe('anthropic-messages: writing a request', () => {
  test('the least request has a limit, because the shape demands one', () => {
    expect(encode({})).toEqual(BASE);
    expect(encode({}, { ...CTX, stream: true })).toEqual({ ...BASE, stream: true });
  });

  test.each([
    [{}, {}, 4_096],
    [{ max_output_tokens: 50 }, {}, 50],
    [{ max_output_tokens: 50 }, { max_output_tokens: 9_000 }, 50],
    [{ max_output_tokens: 9_000 }, { max_output_tokens: 50 }, 50],
    [{}, { max_output_tokens: 9_000 }, 4_096],
  ])('the budget lowers the limit and never raises it: %o %o', (over, ctx, max_tokens) => {
    expect(encode(over, { ...CTX, ...ctx })['max_tokens']).toBe(max_tokens);
  });

  test('neighbouring messages of one role become one turn, with results first', () => {
    const body = encode({
      tools: [TOOL],
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'a' }] },
        { role: 'user', parts: [{ type: 'text', text: 'b' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'f', args_json: '{"x":1}' }] },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'look' },
            { type: 'tool_result', call_id: 'c1', content: [{ type: 'text', text: 'r' }] },
          ],
        },
      ],
    });
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'f', input: { x: 1 } }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: 'r' },
          { type: 'text', text: 'look' },
        ],
      },
    ]);
  });

  test('blank text is left out, a message without content goes with it, and none at all is refused', () => {
    const blank: Part = { type: 'text', text: ' \n' };
    const messages: GenRequest['messages'] = [
      { role: 'user', parts: [blank, { type: 'text', text: 'Hi' }] },
      { role: 'assistant', parts: [blank] },
    ];
    expect(encode({ messages })).toEqual(BASE);
    expect(() => encode({ messages: [{ role: 'user', parts: [blank] }] })).toThrowError(/at least one message/);
  });

  test('a prefilled answer must not end in white space', () => {
    const messages: GenRequest['messages'] = [
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', parts: [{ type: 'text', text: 'So: ' }] },
    ];
    expect(encode({ messages })['messages']).toEqual([BASE.messages[0], { role: 'assistant', content: 'So:' }]);
  });

  test('media', () => {
    expect(
      content(
        { type: 'image', source: { kind: 'base64', media_type: 'image/png', data: 'AA==' }, cache: { ttl: '1h' } },
        { type: 'image', source: { kind: 'url', url: 'https://x/y' }, detail: 'auto' },
        { type: 'file', source: { kind: 'base64', media_type: 'application/pdf', data: 'AA==' }, name: 'T' },
        { type: 'file', source: { kind: 'text', text: 'text' } },
        { type: 'file', source: { kind: 'url', url: 'https://x/y.pdf' } },
      ),
    ).toEqual([
      {
        type: 'image',
        source: { type: 'base64', media_type: 'image/png', data: 'AA==' },
        cache_control: { type: 'ephemeral', ttl: '1h' },
      },
      { type: 'image', source: { type: 'url', url: 'https://x/y' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 'T' },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'text' } },
      { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } },
    ]);
    const csv: Part = { type: 'file', source: { kind: 'base64', media_type: 'text/csv', data: 'AA==' } };
    expect(() => content(csv)).toThrowError(/"files" cannot be expressed .* type "text\/csv"/);
    const audio: Part = { type: 'audio', format: 'wav', data: 'AA==' };
    expect(() => content(audio)).toThrowError(/takes no audio/);
  });

  test('results: text alone, several blocks, nothing, an error', () => {
    const image: Part & { type: 'image' } = { type: 'image', source: { kind: 'url', url: 'https://x/y' } };
    expect(
      content(
        { type: 'tool_result', call_id: 'a', content: [{ type: 'text', text: 'r' }], is_error: true, cache: {} },
        { type: 'tool_result', call_id: 'b', content: [{ type: 'text', text: 'r' }, image] },
        { type: 'tool_result', call_id: 'c', content: [] },
      ),
    ).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: 'r', is_error: true, cache_control: { type: 'ephemeral' } },
      {
        type: 'tool_result',
        tool_use_id: 'b',
        content: [
          { type: 'text', text: 'r' },
          { type: 'image', source: { type: 'url', url: 'https://x/y' } },
        ],
      },
      { type: 'tool_result', tool_use_id: 'c' },
    ]);
  });

  test('ids of other makers are spelt in the letters that are accepted, alike in call and result', () => {
    const body = encode({
      tools: [TOOL],
      messages: [
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'functions.f:0', name: 'f', args_json: '' }] },
        { role: 'user', parts: [{ type: 'tool_result', call_id: 'functions.f:0', content: [] }] },
      ],
    });
    const id = 'functions_2e_f_3a_0';
    expect(body['messages']).toEqual([
      { role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id }] },
    ]);
  });

  test('arguments that are no object are shown to the model as it wrote them', () => {
    expect(content({ type: 'tool_call', id: 'c', name: 'f', args_json: '{"a":' })).toEqual([
      { type: 'tool_use', id: 'c', name: 'f', input: { unparsed_arguments: '{"a":' } },
    ]);
  });

  test('signed thinking goes back; unsigned and foreign thinking is left out and noted', () => {
    const parts: Part[] = [
      { type: 'thinking', text: 'mine', signature: 'SIG', origin: 'anthropic-messages' },
      { type: 'thinking', text: '', redacted: 'RED', origin: 'anthropic-messages' },
      { type: 'thinking', text: 'unsigned', signature: '', origin: 'anthropic-messages' },
      { type: 'thinking', text: 'foreign', signature: 'X', origin: 'gemini' },
      { type: 'text', text: 'ok' },
    ];
    const messages: GenRequest['messages'] = [{ role: 'assistant', parts }];
    expect(encode({ messages })['messages']).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'mine', signature: 'SIG' },
          { type: 'redacted_thinking', data: 'RED' },
          { type: 'text', text: 'ok' },
        ],
      },
    ]);
    expect(ignored({ messages })).toEqual(['thinking_in_answer']);
  });

  test('blocks of this shape go back as they are; foreign traces are noted, what a user sent is refused', () => {
    const raw = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const mine: Part = { type: 'opaque', origin: 'anthropic-messages', raw };
    expect(content(mine)).toEqual([raw]);
    const foreign: Part = { type: 'opaque', origin: 'openai-responses', raw: { type: 'web_search_call' } };
    const text: Part = { type: 'text', text: 'ok' };
    expect(ignored({ messages: [{ role: 'assistant', parts: [foreign, text] }] })).toEqual(['hosted_tools']);
    expect(() => content(foreign, text)).toThrowError(/"web_search_call" cannot be expressed/);
  });

  test('a schema is sent closed, as the provider demands, and data inside it is left alone', () => {
    const schema = {
      type: 'object',
      properties: {
        list: { type: 'array', items: { type: 'object', properties: {} } },
        open: { type: 'object', additionalProperties: { type: 'string' } },
        fixed: { const: { type: 'object' } },
        type: { type: 'string' },
      },
    };
    const format = { type: 'json_schema', name: 'x', schema } as const;
    expect(encode({ response_format: format })['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          additionalProperties: false,
          properties: {
            list: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: false } },
            open: { type: 'object', additionalProperties: { type: 'string' } },
            fixed: { const: { type: 'object' } },
            type: { type: 'string' },
          },
        },
      },
    });
    expect(encode({ ...OWN, response_format: format })['output_config']).toEqual({
      format: { type: 'json_schema', schema },
    });
  });

  test('JSON mode is asked for in words', () => {
    const body = encode({ system: [{ type: 'text', text: 'S' }], response_format: { type: 'json_object' } });
    expect(body['system']).toEqual([
      { type: 'text', text: 'S' },
      { type: 'text', text: 'Answer with one valid JSON object and nothing else.' },
    ]);
  });

  test('defaults that others spell out are left out; values out of range are refused', () => {
    expect(
      encode({
        temperature: 1,
        top_p: 1,
        frequency_penalty: 0,
        presence_penalty: 0,
        logit_bias: {},
        service_tier: 'auto',
        response_format: { type: 'text' },
      }),
    ).toEqual(BASE);
    expect(encode({ ...OWN, temperature: 1, top_p: 1 })).toEqual({ ...BASE, temperature: 1, top_p: 1 });
    expect(() => encode({ temperature: 1.5 })).toThrowError(/values from 0 to 1/);
    expect(() => encode({ stop: ['\n', 'END'] })).toThrowError(/white space alone/);
    expect(encode({ stop: ['\n', 'END'] }, { ...CTX, drop: () => true })['stop_sequences']).toEqual(['END']);
  });

  test('hints: the user, tiers, metadata, names and detail', () => {
    expect(encode({ user: 'u1', service_tier: 'default' })).toEqual({
      ...BASE,
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
    });
    expect(encode({ ...OWN, user: 'u1', metadata: { a: 'b' }, service_tier: 'auto' })).toEqual({
      ...BASE,
      metadata: { user_id: 'u1', a: 'b' },
      service_tier: 'auto',
    });
    const image: Part = { type: 'image', source: { kind: 'url', url: 'https://x/y' }, detail: 'low' };
    expect(
      ignored({
        metadata: { a: 'b' },
        service_tier: 'flex',
        messages: [{ role: 'user', parts: [image], name: 'Ann' }],
        extra: { verbosity: 'low' },
      }),
    ).toEqual(['name', 'detail', 'metadata', 'service_tier', 'verbosity']);
  });

  test('fields that nobody knows go to a provider of this shape only', () => {
    expect(
      encode({ ...OWN, extra: { container: 'c1', output_config: { task_budget: 1 } }, reasoning: { effort: 'low' } }),
    ).toEqual({
      ...BASE,
      container: 'c1',
      output_config: { task_budget: 1, effort: 'low' },
    });
  });
});
