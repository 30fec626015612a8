import { anthropicMessages, gemini, ollama, openaiChat, openaiResponses } from '@atp-router/dialects';
import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import { CONVERSATION, WEATHER } from './conversation.ts';
import { encodeContext } from './wire.ts';

const LIMITS = { messages: 100, tools: 16 };

describe('decodeRequest', () => {
  it('reads a string input as one user message', () => {
    const request = openaiResponses.decodeRequest({ model: 'm', input: 'Hi', store: false });
    expect(request).toEqual({
      source: 'openai-responses',
      model: 'm',
      stream: false,
      include_usage: true,
      system: [],
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
      tools: [],
      hosted_tools: [],
      stop: [],
      n: 1,
      extra: {},
    });
  });

  it('groups the items of a turn, and names tool results by their calls', () => {
    const request = openaiResponses.decodeRequest(CONVERSATION);
    expect(request.system).toEqual([
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Answer in French.' },
    ]);
    expect(request.messages).toEqual([
      { role: 'user', parts: [{ type: 'text', text: 'Weather?' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'thinking', text: 'Ask.', redacted: 'enc', signature: 'rs_1', origin: 'openai-responses' },
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_call', id: 'call_a', name: 'get_weather', args_json: '{"city":"Paris"}' },
          { type: 'tool_call', id: 'call_b', name: 'get_weather', args_json: '{"city":"Rome"}' },
        ],
      },
      {
        role: 'user',
        parts: [
          { type: 'tool_result', call_id: 'call_a', name: 'get_weather', content: [{ type: 'text', text: 'sunny' }] },
          {
            type: 'tool_result',
            call_id: 'call_b',
            name: 'get_weather',
            content: [
              { type: 'text', text: 'map:' },
              { type: 'image', source: { kind: 'base64', media_type: 'image/png', data: 'AAAA' }, detail: 'low' },
            ],
          },
        ],
      },
      { role: 'user', parts: [{ type: 'text', text: 'Thanks' }] },
    ]);
  });

  it('reads every setting', () => {
    const request = openaiResponses.decodeRequest({
      model: 'm',
      input: 'Hi',
      stream: true,
      tools: [
        { ...WEATHER, strict: true, defer_loading: true },
        { type: 'web_search', search_context_size: 'low' },
      ],
      tool_choice: { type: 'function', name: 'get_weather' },
      parallel_tool_calls: false,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 3,
      include: ['message.output_text.logprobs', 'reasoning.encrypted_content'],
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'x', schema: { type: 'object' }, strict: true } },
      reasoning: { effort: 'high', summary: 'detailed' },
      metadata: { a: 'b' },
      user: 'u1',
      safety_identifier: 's1',
      prompt_cache_key: 'k1',
      service_tier: 'flex',
      truncation: 'auto',
    });
    expect(request).toMatchObject({
      stream: true,
      tools: [{ name: 'get_weather', strict: true, extra: { defer_loading: true } }],
      hosted_tools: [
        { type: 'web_search', origin: 'openai-responses', raw: { type: 'web_search', search_context_size: 'low' } },
      ],
      tool_choice: { type: 'tool', name: 'get_weather' },
      parallel_tool_calls: false,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      logprobs: { top: 3 },
      response_format: { type: 'json_schema', name: 'x', schema: { type: 'object' }, strict: true },
      reasoning: { effort: 'high', include: true },
      metadata: { a: 'b' },
      user: 'u1',
      service_tier: 'flex',
    });
    expect(request.extra).toEqual({
      safety_identifier: 's1',
      prompt_cache_key: 'k1',
      truncation: 'auto',
      text: { verbosity: 'low' },
      reasoning: { summary: 'detailed' },
      include: ['reasoning.encrypted_content'],
      store: true,
    });
  });

  it('sends only the allowed tools, the hosted ones among them', () => {
    const other = { ...WEATHER, name: 'other' };
    const request = openaiResponses.decodeRequest({
      model: 'm',
      input: 'Hi',
      tools: [WEATHER, other, { type: 'web_search' }],
      tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'other' }] },
    });
    expect(request.tools.map((t) => t.name)).toEqual(['other']);
    expect(request.hosted_tools).toEqual([]);
    expect(request.tool_choice).toEqual({ type: 'required' });
    const hosted = openaiResponses.decodeRequest({
      ...{ model: 'm', input: 'Hi', tools: [WEATHER, { type: 'web_search' }] },
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'web_search' }] },
    });
    expect([hosted.tools, hosted.hosted_tools.map((tool) => tool.path)]).toEqual([[], ['tools[1]']]);
  });

  it('keeps what only this shape understands as opaque parts', () => {
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
    const upload = { type: 'input_file', file_id: 'file-1' };
    const output = { type: 'custom_tool_call_output', call_id: 'c', output: 'x' };
    const opaque = (raw: JsonObject, path: string) =>
      ({ type: 'opaque', origin: 'openai-responses', raw, path }) as const;
    const body: JsonObject = {
      model: 'm',
      input: [search, { role: 'user', content: [upload] }, output],
      store: false,
    };
    const request = openaiResponses.decodeRequest(body);
    expect(request.messages).toEqual([
      { role: 'assistant', parts: [{ type: 'opaque', origin: 'openai-responses', raw: search }] },
      { role: 'user', parts: [opaque(upload, 'input[1].content[0].file_id')] },
      { role: 'user', parts: [opaque(output, 'input[2].type')] },
    ]);
    expect(openaiResponses.encodeRequest(request, encodeContext()).body['input']).toEqual([
      search,
      { type: 'message', role: 'user', content: [upload] },
      output,
    ]);
  });
});

describe('what needs stored responses', () => {
  it.each([
    ['previous_response_id', { previous_response_id: 'resp_1' }],
    ['conversation', { conversation: 'conv_1' }],
    ['background', { background: true }],
  ])('%s is refused, by probe and by decode', (param, more) => {
    const body: JsonObject = { model: 'm', input: 'Hi', ...more };
    for (const read of [() => openaiResponses.probe(body, LIMITS), () => openaiResponses.decodeRequest(body)]) {
      expect(read).toThrow(expect.objectContaining({ code: 'invalid_request', status: 400, param }));
    }
  });

  it('an item reference is refused', () => {
    const body = { model: 'm', input: [{ type: 'item_reference', id: 'msg_1' }] };
    expect(() => openaiResponses.decodeRequest(body)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'input[0]' }),
    );
  });

  it('background: false and null mean nothing', () => {
    const body = { model: 'm', input: 'Hi', background: false, previous_response_id: null, conversation: null };
    expect(openaiResponses.decodeRequest(body).model).toBe('m');
  });

  it('store is off; leaving it on is reported', () => {
    const on = openaiResponses.decodeRequest({ model: 'm', input: 'Hi' });
    const off = openaiResponses.decodeRequest({ model: 'm', input: 'Hi', store: false });
    expect(openaiResponses.encodeRequest(on, encodeContext())).toMatchObject({
      body: { store: false },
      ignored: ['store'],
    });
    expect(openaiResponses.encodeRequest(off, encodeContext()).ignored).toEqual([]);
    expect(openaiChat.encodeRequest(on, encodeContext()).ignored).toEqual(['store']);
    expect(openaiResponses.probe({ model: 'm', input: 'Hi', store: true }, LIMITS).ignored).toEqual(['store']);
    expect(openaiResponses.probe({ model: 'm', input: 'Hi', store: false }, LIMITS).ignored).toBeUndefined();
  });
});

describe('errors name the path', () => {
  it.each<[JsonObject, string]>([
    [{ input: 'Hi' }, 'model'],
    [{ model: 'm' }, 'input'],
    [{ model: 'm', input: [1] }, 'input[0]'],
    [{ model: 'm', input: [{ role: 'robot', content: 'x' }] }, 'input[0].role'],
    [{ model: 'm', input: [{ role: 'user' }] }, 'input[0].content'],
    [{ model: 'm', input: [{ role: 'user', content: [{ text: 'x' }] }] }, 'input[0].content[0].type'],
    [{ model: 'm', input: [{ type: 'function_call', name: 'f' }] }, 'input[0].call_id'],
    [{ model: 'm', input: 'x', tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ model: 'm', input: 'x', text: { format: { type: 'xml' } } }, 'text.format.type'],
    [{ model: 'm', input: 'x', reasoning: { effort: 'huge' } }, 'reasoning.effort'],
    [{ model: 'm', input: 'x', max_output_tokens: 0 }, 'max_output_tokens'],
    [{ model: 'm', input: 'x', top_logprobs: 21 }, 'top_logprobs'],
    [{ model: 'm', input: 'x', tool_choice: 'maybe' }, 'tool_choice'],
    [{ model: 'm', input: 'x', stream: 'yes' }, 'stream'],
  ])('%j', (body, param) => {
    expect(() => openaiResponses.decodeRequest(body)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });

  it.each<[string, JsonObject]>([
    ['prompt', { prompt: { id: 'pmpt_1' } }],
    ['max_tool_calls', { max_tool_calls: 2 }],
    ['tool_choice', { tool_choice: { type: 'web_search' } }],
    ['tools[0]', { tools: [{ type: 'web_search' }] }],
    ['input[0].type', { input: [{ type: 'zz' }] }],
    ['input[0].content[0].type', { input: [{ role: 'user', content: [{ type: 'zz' }] }] }],
    ['input[0].content[0].file_id', { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] }],
  ])(
    '%s is said to providers of this shape, refused by its own path elsewhere, and dropped where wished',
    (param, more) => {
      const body = { model: 'm', input: 'Hi', store: false, ...more };
      const request = openaiResponses.decodeRequest(body);
      const own = openaiResponses.encodeRequest(request, encodeContext());
      expect(own.ignored).toEqual([]);
      expect(own.body).toMatchObject(more['input'] === undefined ? more : {});
      for (const dialect of [openaiChat, anthropicMessages, gemini, ollama]) {
        const drop = (field: string): boolean => field === 'messages' || Object.hasOwn(more, field);
        expect(() => dialect.encodeRequest(request, encodeContext())).toThrow(
          expect.objectContaining({ code: 'untranslatable', param }),
        );
        expect(dialect.encodeRequest(request, encodeContext({ drop })).ignored).toContain(param);
      }
    },
  );
});

describe('probe', () => {
  it('reads what routing needs', () => {
    const probe = openaiResponses.probe(
      {
        model: 'm',
        stream: true,
        max_output_tokens: 50,
        input: [
          { role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }] },
          { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_file', file_data: 'BBBB' }] },
        ],
        tools: [WEATHER],
        text: { format: { type: 'json_schema', name: 'x', schema: {} } },
        reasoning: { effort: 'low' },
        top_logprobs: 2,
        store: false,
      },
      LIMITS,
    );
    expect(probe).toEqual({
      model: 'm',
      stream: true,
      include_usage: true,
      n: 1,
      max_output_tokens: 50,
      has_tools: true,
      has_images: true,
      has_audio: false,
      has_documents: true,
      wants_json_mode: false,
      wants_json_schema: true,
      wants_reasoning: true,
      wants_logprobs: true,
      media_bytes: 30,
      media_count: 2,
    });
  });

  it.each<[JsonObject, string]>([
    [{ model: 'm', input: [] }, 'input'],
    [{ model: 'm', input: Array.from({ length: 101 }, () => ({ role: 'user', content: 'x' })) }, 'input'],
    [{ model: 'm', input: 'x', tools: Array.from({ length: 17 }, () => WEATHER) }, 'tools'],
  ])('refuses what is over a limit', (body, param) => {
    expect(() => openaiResponses.probe(body, LIMITS)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });
});
