import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, openaiChat } from '../../src/index.ts';
import { ANTHROPIC, OPENAI } from './conversation.ts';
import { translate } from './wire.ts';

describe('openai-chat client, anthropic-messages provider', () => {
  test('a conversation with tools, images, a schema and limits', () => {
    expect(translate(openaiChat, anthropicMessages, OPENAI)).toEqual({ body: ANTHROPIC, ignored: [] });
  });

  const ask = (over: JsonObject): JsonObject => ({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...over });

  test.each([
    ['n', { n: 2 }],
    ['seed', { seed: 7 }],
    ['logprobs', { logprobs: true }],
    ['frequency_penalty', { frequency_penalty: 0.5 }],
    ['presence_penalty', { presence_penalty: 0.5 }],
    ['logit_bias', { logit_bias: { '5': 1 } }],
    [
      'audio_input',
      {
        messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { format: 'wav', data: 'AA==' } }] }],
      },
    ],
    ['web_search_options', { web_search_options: {} }],
    ['temperature', { temperature: 1.5 }],
  ])('%s changes the answer and is refused, or dropped when the operator says so', (field, over) => {
    expect(() => translate(openaiChat, anthropicMessages, ask(over))).toThrowError(
      expect.objectContaining({ code: 'untranslatable', param: field }),
    );
    // Without its audio the message has nothing left, which is a second thing to drop.
    const drop = (name: string): boolean => name === field || name === 'messages';
    expect(translate(openaiChat, anthropicMessages, ask(over), { drop }).ignored[0]).toBe(field);
  });

  test('defaults that change nothing pass', () => {
    const over = {
      n: 1,
      temperature: 1,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      logprobs: false,
      tool_choice: 'auto',
      parallel_tool_calls: true,
      response_format: { type: 'text' },
      service_tier: 'auto',
      stop: null,
    };
    expect(translate(openaiChat, anthropicMessages, ask(over))).toEqual({
      body: { model: 'claude-opus-5', max_tokens: 4_096, messages: [{ role: 'user', content: 'Hi' }] },
      ignored: [],
    });
  });

  test('hints that the provider lacks are told', () => {
    const over = { metadata: { a: 'b' }, service_tier: 'flex', prompt_cache_key: 'k', store: true };
    const { ignored } = translate(openaiChat, anthropicMessages, ask(over));
    expect(ignored).toEqual(['metadata', 'service_tier', 'prompt_cache_key', 'store']);
  });

  test('effort becomes adaptive thinking, and reasoning text of an earlier provider is left out', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.', reasoning_content: 'They greet.' },
      { role: 'user', content: 'Go on' },
    ];
    const { body, ignored } = translate(openaiChat, anthropicMessages, ask({ messages, reasoning_effort: 'high' }));
    expect(body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
    expect(body['messages']).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Go on' },
    ]);
    expect(ignored).toEqual(['thinking_in_answer']);
  });
});

describe('anthropic-messages client, openai-chat provider', () => {
  test('a conversation with tools, images, a schema and limits', () => {
    const { body, ignored } = translate(anthropicMessages, openaiChat, ANTHROPIC, { upstream_model: 'small' });
    expect(body).toEqual(OPENAI);
    expect(ignored).toEqual([]);
  });

  test('markers, thinking and traces of hosted tools are left out and told', () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const { body, ignored } = translate(anthropicMessages, openaiChat, {
      model: 'm',
      max_tokens: 100,
      system: [{ type: 'text', text: 'S', ...mark }],
      thinking: { type: 'enabled', budget_tokens: 4_000 },
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi', ...mark }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'S' },
            { type: 'redacted_thinking', data: 'R' },
            { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
            { type: 'text', text: 'Hello.' },
          ],
        },
        { role: 'user', content: 'Go on' },
      ],
    });
    expect(body).toEqual({
      model: 'claude-opus-5',
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: 'Go on' },
      ],
      max_completion_tokens: 100,
      reasoning_effort: 'medium',
    });
    expect([...ignored].sort()).toEqual(['cache_markers', 'hosted_tools', 'reasoning_budget', 'thinking_in_answer']);
  });

  test.each([
    ['top_k', { top_k: 5 }],
    ['tools[0]', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
    [
      'tool_result_images',
      {
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 't',
                content: [{ type: 'image', source: { type: 'url', url: 'https://x/y' } }],
              },
            ],
          },
        ],
      },
    ],
    [
      'messages[0].content[0]',
      { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }] },
    ],
    [
      'files',
      {
        messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://x/y.pdf' } }] }],
      },
    ],
  ])('%s changes the answer and is refused, or dropped when the operator says so', (field, over) => {
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...over } as JsonObject;
    expect(() => translate(anthropicMessages, openaiChat, body)).toThrowError(
      expect.objectContaining({ code: 'untranslatable', param: field }),
    );
    expect(translate(anthropicMessages, openaiChat, body, { drop: (name) => name === field }).ignored).toEqual([field]);
  });
});
