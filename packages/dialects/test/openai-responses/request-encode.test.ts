import { type GenRequest, openaiResponses } from '@atp-router/dialects';
import { describe, expect, it } from 'vitest';
import { CONVERSATION } from './conversation.ts';
import { encodeContext } from './wire.ts';

const BASE: GenRequest = {
  source: 'openai-chat',
  model: 'small',
  stream: false,
  include_usage: true,
  system: [
    { type: 'text', text: 'A' },
    { type: 'text', text: 'B' },
  ],
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  hosted_tools: [],
  stop: [],
  n: 1,
  extra: {},
};

describe('encodeRequest', () => {
  it('writes a plain request, never stored', () => {
    expect(openaiResponses.encodeRequest(BASE, encodeContext({ stream: true, max_output_tokens: 90 }))).toEqual({
      body: {
        model: 'gpt-x',
        input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
        instructions: 'A\n\nB',
        store: false,
        stream: true,
        max_output_tokens: 90,
      },
      ignored: [],
    });
  });

  it.each([
    [15, 16, ['max_output_tokens']],
    [16, 16, []],
  ])('a limit of %i tokens is sent as %i: OpenAI refuses less than 16', (asked, sent, ignored) => {
    const encoded = openaiResponses.encodeRequest({ ...BASE, max_output_tokens: asked }, encodeContext());
    expect(encoded.body['max_output_tokens']).toBe(sent);
    expect(encoded.ignored).toEqual(ignored);
  });

  it('says aloud that tools of other shapes are not strict', () => {
    const tools = [{ name: 'f', parameters: { type: 'object' } }];
    const { body } = openaiResponses.encodeRequest({ ...BASE, tools }, encodeContext());
    expect(body['tools']).toEqual([{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: false }]);
  });

  it('repeats a conversation of its own shape item by item', () => {
    const { body } = openaiResponses.encodeRequest(openaiResponses.decodeRequest(CONVERSATION), encodeContext());
    expect(body['input']).toEqual([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Ask.' }], encrypted_content: 'enc' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }] },
      { type: 'function_call', call_id: 'call_a', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call', call_id: 'call_b', name: 'get_weather', arguments: '{"city":"Rome"}' },
      { type: 'function_call_output', call_id: 'call_a', output: 'sunny' },
      {
        type: 'function_call_output',
        call_id: 'call_b',
        output: [
          { type: 'input_text', text: 'map:' },
          { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
        ],
      },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Thanks' }] },
    ]);
  });

  it('strips thinking that it cannot send back', () => {
    const parts = [
      { type: 'thinking', text: 'a', signature: 'sig', origin: 'anthropic-messages' },
      { type: 'thinking', text: 'b', origin: 'openai-responses' },
      { type: 'text', text: 'c' },
    ] as const;
    const encoded = openaiResponses.encodeRequest(
      { ...BASE, messages: [{ role: 'assistant', parts }] },
      encodeContext(),
    );
    expect(encoded.body['input']).toEqual([
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'c', annotations: [] }] },
    ]);
    expect(encoded.ignored).toEqual(['thinking_in_answer']);
  });

  it('keeps unknown fields for its own shape and reports them for others', () => {
    const own = {
      ...BASE,
      source: 'openai-responses',
      extra: { truncation: 'auto', text: { verbosity: 'low' } },
    } as const;
    expect(openaiResponses.encodeRequest(own, encodeContext())).toMatchObject({
      body: { truncation: 'auto', text: { verbosity: 'low' } },
      ignored: [],
    });
    const foreign = openaiResponses.encodeRequest({ ...BASE, extra: { prediction: {} } }, encodeContext());
    expect(foreign.body['prediction']).toBeUndefined();
    expect(foreign.ignored).toEqual(['prediction']);
  });

  const semantic: readonly [string, Partial<GenRequest>][] = [
    ['n', { n: 2 }],
    ['stop', { stop: ['END'] }],
    ['seed', { seed: 1 }],
    ['top_k', { top_k: 5 }],
    ['frequency_penalty', { frequency_penalty: 1 }],
    ['presence_penalty', { presence_penalty: -1 }],
    ['logit_bias', { logit_bias: { 1: 5 } }],
    ['audio_input', { messages: [{ role: 'user', parts: [{ type: 'audio', format: 'wav', data: 'AA' }] }] }],
    ['hosted_tools', { hosted_tools: [{ type: 'bash', origin: 'anthropic-messages', raw: {} }] }],
  ];

  it.each(semantic)('refuses %s, or drops it when the operator chose so', (param, more) => {
    const request = { ...BASE, ...more };
    expect(() => openaiResponses.encodeRequest(request, encodeContext())).toThrow(
      expect.objectContaining({ code: 'untranslatable', param, status: 400 }),
    );
    expect(openaiResponses.encodeRequest(request, encodeContext({ drop: () => true })).ignored).toEqual([param]);
  });

  it('does not spell out that Messages does not think: models that do not reason refuse to be told so', () => {
    const off = { ...BASE, source: 'anthropic-messages', reasoning: { budget_tokens: 0 } } as const;
    expect(openaiResponses.encodeRequest(off, encodeContext()).body['reasoning']).toBeUndefined();
    const told = { ...BASE, reasoning: { effort: 'none' } } as const;
    expect(openaiResponses.encodeRequest(told, encodeContext()).body['reasoning']).toEqual({ effort: 'none' });
  });

  it('never refuses a default that changes nothing', () => {
    const request = {
      ...BASE,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      tool_choice: { type: 'auto' },
      temperature: 1,
    } as const;
    expect(openaiResponses.encodeRequest(request, encodeContext()).ignored).toEqual([]);
  });

  it('ignores and reports hints that it lacks', () => {
    const request: GenRequest = {
      ...BASE,
      system: [{ type: 'text', text: 'A', cache: {} }],
      messages: [{ role: 'user', name: 'bob', parts: [{ type: 'text', text: 'Hi' }] }],
      reasoning: { budget_tokens: 2_000 },
    };
    const encoded = openaiResponses.encodeRequest(request, encodeContext());
    expect(encoded.ignored).toEqual(['name', 'cache_markers', 'reasoning_budget']);
    expect(encoded.body['reasoning']).toEqual({ effort: 'medium' });
  });
});
