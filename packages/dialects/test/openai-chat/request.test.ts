import type { JsonObject, JsonValue } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { type EncodeContext, type GenRequest, openaiChat, type Part } from '../../src/index.ts';
import { context, request } from '../shared/wire.ts';

const HI = [{ role: 'user', content: 'Hi' }];
const decode = (over: Record<string, JsonValue>): GenRequest =>
  openaiChat.decodeRequest({ model: 'm', messages: HI, ...over });
const encode = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = {}): JsonObject =>
  openaiChat.encodeRequest(request(over), context(ctx)).body;
const ignored = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = {}): readonly string[] =>
  openaiChat.encodeRequest(request(over), context(ctx)).ignored;

const TOOL = {
  type: 'function',
  function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
};

/** Every field of the shape in one body: it must come back as it went in. */
const FULL: Record<string, JsonValue> = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'Ann',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
        { type: 'input_audio', input_audio: { format: 'wav', data: 'AA==' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA==' } },
      ],
    },
    {
      role: 'assistant',
      content: 'Yes.',
      name: 'Bot',
      reasoning_content: 'hm',
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: 'c2', type: 'function', function: { name: 'f', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'one' },
    { role: 'tool', tool_call_id: 'c2', content: 'two' },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'user', content: 'Why?' },
  ],
  tools: [TOOL],
  tool_choice: { type: 'function', function: { name: 'f' } },
  parallel_tool_calls: false,
  max_completion_tokens: 99,
  temperature: 0.5,
  top_p: 0.9,
  top_k: 5,
  stop: ['END'],
  seed: 7,
  n: 2,
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  logit_bias: { '5': -1 },
  logprobs: true,
  top_logprobs: 3,
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'x', description: 'd', schema: { type: 'object' }, strict: true },
  },
  reasoning_effort: 'low',
  user: 'u1',
  metadata: { a: 'b' },
  service_tier: 'flex',
  web_search_options: { search_context_size: 'low' },
  verbosity: 'low',
};

describe('openai-chat: requests', () => {
  test('the least request', () => {
    expect(decode({})).toEqual(request());
    expect(encode({})).toEqual({ model: 'up', messages: HI });
    expect(encode({}, { stream: true })).toEqual({
      model: 'up',
      messages: HI,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('a request with every field comes back as it went in', () => {
    const endpoint = { is_openai: false, max_tokens_field: 'max_completion_tokens' } as const;
    const encoded = openaiChat.encodeRequest(decode(FULL), context({ endpoint }));
    expect(encoded).toEqual({ body: { model: 'up', ...FULL }, ignored: [] });
  });

  test.each([
    ['max_completion_tokens', undefined],
    ['max_tokens', { is_openai: false, max_tokens_field: 'max_tokens' } as const],
    ['max_completion_tokens', { is_openai: false, max_tokens_field: 'max_completion_tokens' } as const],
  ])('the output limit is said as %s, as the endpoint knows it', (field, endpoint) => {
    const ctx = context(endpoint && { endpoint });
    const { body } = openaiChat.encodeRequest(request({ source: 'anthropic-messages', max_output_tokens: 7 }), ctx);
    expect(body).toEqual({ model: 'up', messages: HI, [field]: 7 });
  });

  test.each(['openai-responses', 'ask'] as const)('metadata of %s clients is no request to store', (source) => {
    const encoded = openaiChat.encodeRequest(request({ source, metadata: { team: 'blue' } }), context());
    expect(encoded.body['metadata']).toBeUndefined();
    expect(encoded.ignored).toEqual(['metadata']);
  });

  test('the model of it', () => {
    const full = decode({ ...FULL, stream: true, stream_options: { include_usage: true } });
    expect(full).toMatchObject({
      stream: true,
      include_usage: true,
      system: [{ type: 'text', text: 'Be brief.' }],
      tools: [{ name: 'f', description: 'd', parameters: { type: 'object' }, strict: true }],
      hosted_tools: [
        {
          type: 'web_search_options',
          origin: 'openai-chat',
          raw: { search_context_size: 'low' },
          path: 'web_search_options',
        },
      ],
      tool_choice: { type: 'tool', name: 'f' },
      logprobs: { top: 3 },
      reasoning: { effort: 'low' },
      extra: { verbosity: 'low' },
    });
    expect(full.messages.map((m) => [m.role, ...m.parts.map((p) => p.type)])).toEqual([
      ['user', 'text', 'image', 'image', 'audio', 'file'],
      ['assistant', 'thinking', 'text', 'tool_call', 'tool_call'],
      ['user', 'tool_result', 'tool_result'],
      ['assistant', 'refusal'],
      ['user', 'text'],
    ]);
    expect(full.messages[2]?.parts[1]).toMatchObject({ call_id: 'c2', name: 'f', content: [{ text: 'two' }] });
  });

  test.each([
    [{ stop: 'END' }, { stop: ['END'] }],
    [{ max_tokens: 5 }, { max_output_tokens: 5 }],
    [{ temperature: null, tools: null, response_format: null, stop: null, seed: null }, {}],
    [{ logprobs: false }, {}],
    [
      { messages: [{ role: 'developer', content: [{ type: 'text', text: 'D' }] }, ...HI] },
      { system: [{ type: 'text', text: 'D' }] },
    ],
  ] as const)('other spellings: %o', (over, expected) => {
    expect(decode(over as unknown as Record<string, JsonValue>)).toEqual(request(expected as Partial<GenRequest>));
  });

  test.each([
    [{ model: 3 }, 'model'],
    [{ messages: [3] }, 'messages[0]'],
    [{ messages: [{ role: 'robot' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'video' }] }] }, 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content[0].image_url'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'c' }] }] }, 'messages[0].tool_calls[0].function'],
    [{ messages: [{ role: 'user', content: [{ type: 'file', file: {} }] }] }, 'messages[0].content[0].file.file_data'],
    [{ tool_choice: { type: 'function' } }, 'tool_choice.function'],
    [{ tool_choice: { type: 'allowed_tools' } }, 'tool_choice.allowed_tools'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ tool_choice: 'some' }, 'tool_choice'],
    [{ response_format: { type: 'xml' } }, 'response_format.type'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
    [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
    [{ n: 0 }, 'n'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ stream: 1 }, 'stream'],
    [{ stop: [1] }, 'stop'],
  ] as const)('a fault is named by its path: %o', (over, param) => {
    expect(() => decode(over as unknown as Record<string, JsonValue>)).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });

  test('empty arguments of a call are an empty object', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '' } };
    const { messages } = decode({ messages: [{ role: 'assistant', content: '', tool_calls: [call] }] });
    expect(messages).toEqual([
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', args_json: '{}' }] },
    ]);
  });

  test.each([
    [{}, {}, undefined],
    [{ max_output_tokens: 50 }, {}, 50],
    [{}, { max_output_tokens: 70 }, 70],
    [{ max_output_tokens: 50 }, { max_output_tokens: 70 }, 50],
    [{ max_output_tokens: 90 }, { max_output_tokens: 70 }, 70],
  ])('the budget lowers the limit and never raises it: %o %o', (over, ctx, expected) => {
    expect(encode(over, ctx)['max_completion_tokens']).toBe(expected);
  });

  test('choices without tools say nothing, but a forced one is left for the provider to refuse', () => {
    expect(encode({ tool_choice: { type: 'auto' }, parallel_tool_calls: true })).toEqual({ model: 'up', messages: HI });
    expect(encode({ tool_choice: { type: 'required' } })['tool_choice']).toBe('required');
  });

  test('what other shapes know and this one does not', () => {
    const foreign = { source: 'anthropic-messages' } as const;
    expect(ignored({ ...foreign, extra: { inference_geo: 'eu' }, service_tier: 'auto' })).toEqual(['inference_geo']);
    expect(encode({ ...foreign, service_tier: 'standard_only' })['service_tier']).toBe('default');
    expect(ignored({ source: 'gemini', service_tier: 'priority' })).toEqual(['service_tier']);
    expect(encode({ ...foreign, reasoning: { budget_tokens: 5_000 } })['reasoning_effort']).toBe('medium');
    expect(ignored({ ...foreign, reasoning: { budget_tokens: 5_000 } })).toEqual(['reasoning_budget']);
    expect(encode({ ...foreign, reasoning: { budget_tokens: 0 } })['reasoning_effort']).toBeUndefined();
    expect(encode({ reasoning: { effort: 'none' } })['reasoning_effort']).toBe('none');
    expect(() => encode({ ...foreign, top_k: 5 })).toThrowError(/has no top_k/);
    expect(() => encode({ ...foreign, max_output_tokens: 0 })).toThrowError(/no output at all/);
    const raw = { type: 'web_search_20250305' };
    const hosted = { ...foreign, hosted_tools: [{ type: raw.type, origin: 'anthropic-messages', raw }] } as const;
    expect(() => encode(hosted)).toThrowError(/no provider-hosted tools/);
    expect(ignored(hosted, { drop: () => true })).toEqual(['hosted_tools']);
    const tools = [{ name: 'f', parameters: {}, extra: { defer_loading: true }, cache: {} }];
    expect(ignored({ ...foreign, tools })).toEqual(['cache_markers', 'tools.defer_loading']);
  });

  const turn = (role: 'user' | 'assistant', ...parts: Part[]): Partial<GenRequest> => ({
    messages: [{ role, parts }],
  });

  test('thinking of other shapes and traces of hosted tools are left out, with the turn that held nothing else', () => {
    const thinking: Part = { type: 'thinking', text: 'hm', signature: 'S', origin: 'anthropic-messages' };
    const trace: Part = { type: 'opaque', origin: 'anthropic-messages', raw: { type: 'server_tool_use' } };
    expect(encode(turn('assistant', thinking, trace))['messages']).toEqual([]);
    expect(ignored(turn('assistant', thinking, trace))).toEqual(['thinking_in_answer', 'hosted_tools']);
    const file: Part = { type: 'opaque', origin: 'anthropic-messages', raw: { type: 'document' } };
    expect(() => encode(turn('user', file))).toThrowError(/"document" cannot be expressed/);
    expect(encode(turn('user', file), { drop: () => true })['messages']).toEqual([]);
  });

  test('results come before the rest of the turn; an error is told in words; images in results are refused', () => {
    const image: Part & { type: 'image' } = { type: 'image', source: { kind: 'url', url: 'https://x/y' } };
    const result = (content: (Part & { type: 'tool_result' })['content']): Part => ({
      type: 'tool_result',
      call_id: 'c',
      content,
      is_error: true,
    });
    expect(
      encode(turn('user', { type: 'text', text: 'so?' }, result([{ type: 'text', text: 'no' }])))['messages'],
    ).toEqual([
      { role: 'tool', tool_call_id: 'c', content: 'Error: no' },
      { role: 'user', content: 'so?' },
    ]);
    expect(() => encode(turn('user', result([image])))).toThrowError(/carry text only/);
  });

  test('files: text as text, data as data, and no addresses', () => {
    const file = (source: (Part & { type: 'file' })['source']): Partial<GenRequest> =>
      turn('user', { type: 'file', source });
    expect(encode(file({ kind: 'text', text: 'T' }))['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'T' }] },
    ]);
    expect(() => encode(file({ kind: 'url', url: 'https://x/y.pdf' }))).toThrowError(/by URL are not accepted/);
  });
});
