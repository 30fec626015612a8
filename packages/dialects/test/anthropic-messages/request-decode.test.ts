import type { JsonObject, JsonValue } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, extractText, type GenRequest } from '../../src/index.ts';

const HI = [{ role: 'user', content: 'Hi' }];
const decode = (over: Record<string, JsonValue>): GenRequest =>
  anthropicMessages.decodeRequest({ model: 'm', max_tokens: 100, messages: HI, ...over });
const parts = (content: JsonValue): unknown => decode({ messages: [{ role: 'user', content }] }).messages[0]?.parts;

const BASE = {
  source: 'anthropic-messages',
  model: 'm',
  stream: false,
  include_usage: true,
  system: [],
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  hosted_tools: [],
  stop: [],
  n: 1,
  max_output_tokens: 100,
  extra: {},
};

describe('anthropic-messages: reading a request', () => {
  test('the least request, and one with every plain field', () => {
    expect(decode({})).toEqual(BASE);
    const full = decode({
      stream: true,
      system: 'Be brief.',
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
    });
    expect(full).toEqual({
      ...BASE,
      stream: true,
      system: [{ type: 'text', text: 'Be brief.' }],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop: ['END'],
      user: 'u1',
      service_tier: 'standard_only',
    });
  });

  test('a count_tokens body, which has no max_tokens', () => {
    const request = anthropicMessages.decodeRequest({ model: 'm', system: 'S', messages: HI });
    expect(request.max_output_tokens).toBeUndefined();
    expect(extractText(request)).toEqual(['S', 'Hi']);
  });

  test('system blocks with markers, and system messages between the turns', () => {
    const request = decode({
      system: [
        { type: 'text', text: 'A' },
        { type: 'text', text: 'B', cache_control: { type: 'ephemeral', ttl: '1h' } },
      ],
      messages: [...HI, { role: 'system', content: 'C' }],
    });
    expect(request.system).toEqual([
      { type: 'text', text: 'A' },
      { type: 'text', text: 'B', cache: { ttl: '1h' } },
    ]);
    expect(request.messages.at(-1)).toEqual({ role: 'system', parts: [{ type: 'text', text: 'C' }] });
  });

  test.each([
    [
      'image, base64',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
      { type: 'image', source: { kind: 'base64', media_type: 'image/png', data: 'AA==' } },
    ],
    [
      'image, URL, marked',
      { type: 'image', source: { type: 'url', url: 'https://x/y' }, cache_control: { type: 'ephemeral' } },
      { type: 'image', source: { kind: 'url', url: 'https://x/y' }, cache: {} },
    ],
    [
      'PDF',
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 'T' },
      { type: 'file', source: { kind: 'base64', media_type: 'application/pdf', data: 'AA==' }, name: 'T' },
    ],
    [
      'PDF by URL',
      { type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } },
      { type: 'file', source: { kind: 'url', url: 'https://x/y.pdf' } },
    ],
    [
      'plain text',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'text' } },
      { type: 'file', source: { kind: 'text', text: 'text' } },
    ],
  ] as const)('%s', (_, block, part) => {
    expect(parts([block])).toEqual([part]);
  });

  test.each([
    ['an uploaded image', { type: 'image', source: { type: 'file', file_id: 'file_1' } }],
    ['an uploaded document', { type: 'document', source: { type: 'file', file_id: 'file_1' } }],
    [
      'a document with citations',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'x' }, citations: { enabled: true } },
    ],
    ['a search result', { type: 'search_result', source: 's', title: 't', content: [] }],
    ['a block that a later version adds', { type: 'later' }],
  ] as const)('%s stays as it is', (_, block) => {
    expect(parts([block])).toEqual([
      { type: 'opaque', origin: 'anthropic-messages', raw: block, path: 'messages[0].content[0]' },
    ]);
  });

  test('calls, results and thinking of earlier turns', () => {
    const call = { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } };
    const image = { type: 'image', source: { type: 'url', url: 'https://x/y' } };
    const { messages } = decode({
      messages: [
        ...HI,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'SIG' },
            { type: 'redacted_thinking', data: 'RED' },
            call,
            { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'no' }, image], is_error: true },
            { type: 'tool_result', tool_use_id: 't2', content: 'plain' },
            { type: 'tool_result', tool_use_id: 't3' },
          ],
        },
      ],
    });
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'thinking', text: 'hm', signature: 'SIG', origin: 'anthropic-messages' },
          { type: 'thinking', text: '', redacted: 'RED', origin: 'anthropic-messages' },
          { type: 'tool_call', id: 't1', name: 'f', args_json: '{"a":1}' },
          expect.objectContaining({ type: 'opaque' }),
        ],
      },
      {
        role: 'user',
        parts: [
          {
            type: 'tool_result',
            call_id: 't1',
            name: 'f',
            content: [
              { type: 'text', text: 'no' },
              { type: 'image', source: { kind: 'url', url: 'https://x/y' } },
            ],
            is_error: true,
          },
          { type: 'tool_result', call_id: 't2', content: [{ type: 'text', text: 'plain' }] },
          { type: 'tool_result', call_id: 't3', content: [] },
        ],
      },
    ]);
  });

  test('tools of the client and of the provider are told apart', () => {
    const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 3 };
    const request = decode({
      tools: [
        {
          name: 'f',
          description: 'd',
          input_schema: { type: 'object' },
          strict: true,
          cache_control: { type: 'ephemeral' },
        },
        { type: 'custom', name: 'g', input_schema: { type: 'object' }, defer_loading: true },
        search,
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    expect(request.tools).toEqual([
      { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true, cache: {} },
      { name: 'g', parameters: { type: 'object' }, extra: { defer_loading: true } },
    ]);
    expect(request.hosted_tools).toEqual([
      { type: 'web_search_20250305', origin: 'anthropic-messages', raw: search, path: 'tools[2]' },
    ]);
    expect(request.tool_choice).toEqual({ type: 'required' });
    expect(request.parallel_tool_calls).toBe(false);
  });

  test.each([
    [
      { thinking: { type: 'enabled', budget_tokens: 2_000, display: 'omitted' } },
      { budget_tokens: 2_000, include: false },
    ],
    [
      { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
      { adaptive: true, effort: 'high' },
    ],
    [{ thinking: { type: 'disabled' } }, { budget_tokens: 0 }],
    [{ output_config: { effort: 'low' } }, { effort: 'low' }],
  ] as const)('thinking %o', (fields, reasoning) => {
    expect(decode(fields).reasoning).toEqual(reasoning);
    expect(decode(fields).extra).toEqual({});
  });

  test('what the model has no word for is kept for a provider of the same shape', () => {
    const fields = {
      thinking: { type: 'between_tools' },
      output_config: { task_budget: { total: 9 } },
      container: 'c1',
      cache_control: { type: 'ephemeral' },
    };
    expect(decode(fields).extra).toEqual(fields);
    expect(decode({ thinking: { type: 'disabled' }, output_config: { effort: 'max' } })).toMatchObject({
      reasoning: { budget_tokens: 0 },
      extra: { output_config: { effort: 'max' } },
    });
  });

  test('structured output, also under the name that its beta had', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } };
    const expected = { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true };
    expect(decode({ output_config: { format } }).response_format).toEqual(expected);
    expect(decode({ output_format: format }).response_format).toEqual(expected);
  });

  test.each([
    [{ model: 3 }, 'model'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ messages: [{ role: 'user', content: [{ type: 'image' }] }] }, 'messages[0].content[0].source'],
    [{ messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] }, 'messages[0].content[0].tool_use_id'],
    [{ system: [{ type: 'image' }] }, 'system[0].type'],
    [{ tools: [{ name: 'f' }] }, 'tools[0].input_schema'],
    [{ tool_choice: { type: 'some' } }, 'tool_choice.type'],
    [{ tool_choice: { type: 'tool' } }, 'tool_choice.name'],
    [{ thinking: { type: 'enabled' } }, 'thinking.budget_tokens'],
    [{ output_config: { format: { type: 'xml' } } }, 'output_config.format.type'],
    [{ stop_sequences: [1] }, 'stop_sequences'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ metadata: { user_id: 1 } }, 'metadata.user_id'],
  ] as const)('a fault is named by its path: %o', (over, param) => {
    expect(() => decode(over as JsonObject as Record<string, JsonValue>)).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });

  test('the probe reads what routing needs', () => {
    const limits = { messages: 2, tools: 1 };
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'x'.repeat(8) } };
    const body = {
      model: 'm',
      max_tokens: 100,
      stream: true,
      tools: [{ name: 'f', input_schema: {} }],
      thinking: { type: 'adaptive' },
      output_config: { format: { type: 'json_schema', schema: {} } },
      messages: [{ role: 'user', content: [image, { type: 'tool_result', tool_use_id: 't', content: [image] }] }],
    };
    expect(anthropicMessages.probe(body, limits)).toEqual({
      model: 'm',
      stream: true,
      include_usage: true,
      n: 1,
      max_output_tokens: 100,
      has_tools: true,
      has_images: true,
      has_audio: false,
      has_documents: false,
      wants_json_mode: false,
      wants_json_schema: true,
      wants_reasoning: true,
      wants_logprobs: false,
      media_bytes: 16,
      media_count: 2,
    });
    expect(anthropicMessages.probe({ model: 'm', messages: HI, thinking: { type: 'disabled' } }, limits)).toMatchObject(
      {
        wants_reasoning: false,
        wants_json_schema: false,
        has_images: false,
      },
    );
    expect(() => anthropicMessages.probe({ ...body, messages: [] }, limits)).toThrowError(/"messages"/);
    expect(() => anthropicMessages.probe({ ...body, messages: [1, 2, 3] }, limits)).toThrowError(/at most 2/);
    expect(() => anthropicMessages.probe({ ...body, tools: [{}, {}] }, limits)).toThrowError(/at most 1/);
  });
});
