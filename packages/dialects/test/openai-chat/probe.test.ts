import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../src/index.ts';

const HI = [{ role: 'user', content: 'Hi' }];
const TOOL = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };

describe('openai-chat: probe', () => {
  const limits = { messages: 3, tools: 1 };

  test('reads what routing needs', () => {
    const data = 'data:image/png;base64,AAAA';
    const content = [
      { type: 'image_url', image_url: { url: data } },
      { type: 'image_url', image_url: { url: 'https://x/y' } },
      { type: 'input_audio', input_audio: { format: 'wav', data: 'AAAA' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
    ];
    const body = {
      model: 'm',
      messages: [{ role: 'user', content }],
      stream: true,
      stream_options: { include_usage: true },
      n: 2,
      max_tokens: 7,
      tools: [TOOL],
      response_format: { type: 'json_schema' },
      reasoning_effort: 'low',
      logprobs: true,
    };
    expect(openaiChat.probe(body, limits)).toEqual({
      model: 'm',
      stream: true,
      include_usage: true,
      n: 2,
      max_output_tokens: 7,
      has_tools: true,
      has_images: true,
      has_audio: true,
      has_documents: true,
      wants_json_mode: false,
      wants_json_schema: true,
      wants_reasoning: true,
      wants_logprobs: true,
      media_bytes: data.length + 4 + 32,
      media_count: 4,
    });
    // A budget has to hold whichever of the two a provider obeys.
    const both = { model: 'm', messages: HI, max_tokens: 90, max_completion_tokens: 7 };
    expect(openaiChat.probe(both, limits).max_output_tokens).toBe(90);
    expect(openaiChat.probe({ model: 'm', messages: HI }, limits)).toEqual({
      model: 'm',
      stream: false,
      include_usage: false,
      n: 1,
      has_tools: false,
      has_images: false,
      has_audio: false,
      has_documents: false,
      wants_json_mode: false,
      wants_json_schema: false,
      wants_reasoning: false,
      wants_logprobs: false,
      media_bytes: 0,
      media_count: 0,
    });
  });

  test.each([
    [{ response_format: { type: 'json_object' } }, { wants_json_mode: true, wants_json_schema: false }],
    [{ response_format: { type: 'text' } }, { wants_json_mode: false, wants_json_schema: false }],
    [{ reasoning_effort: null }, { wants_reasoning: false }],
    [{ reasoning_effort: 'none' }, { wants_reasoning: false }],
  ])('what a model has to be able to: %o', (more, wanted) => {
    expect(openaiChat.probe({ model: 'm', messages: HI, ...more }, limits)).toMatchObject(wanted);
  });

  test.each([
    [{ messages: HI }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ model: 'm', messages: [] }, 'messages'],
    [{ model: 'm', messages: [1] }, 'messages[0]'],
    [{ model: 'm', messages: [...HI, ...HI, ...HI, ...HI] }, 'messages'],
    [{ model: 'm', messages: HI, tools: [{}, {}] }, 'tools'],
    [{ model: 'm', messages: HI, stream_options: 1 }, 'stream_options'],
  ])('faults and limits: %o', (body, param) => {
    expect(() => openaiChat.probe(body, limits)).toThrowError(
      expect.objectContaining({ code: 'invalid_request', param }),
    );
  });
});
