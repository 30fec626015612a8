import type { GenRequest } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import { providerOf } from '../src/index.ts';

describe('token counts', () => {
  const request: GenRequest = {
    source: 'openai-chat',
    model: 'm',
    stream: true,
    include_usage: true,
    system: [{ type: 'text', text: 'S' }],
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'U' }] }],
    tools: [{ name: 'f', parameters: { type: 'object' } }],
    hosted_tools: [],
    stop: ['x'],
    n: 2,
    temperature: 0.3,
    seed: 3,
    extra: {},
  };

  test('only what makes up the prompt is sent, and nothing is refused', () => {
    expect(Object.keys(providerOf('anthropic').countTokens?.encode(request, 'm') ?? {})).toEqual([
      'model',
      'messages',
      'system',
      'tools',
    ]);
    expect(Object.keys(providerOf('openai', 'responses').countTokens?.encode(request, 'm') ?? {})).toEqual([
      'model',
      'input',
      'instructions',
      'tools',
    ]);
    expect(providerOf('gemini').countTokens?.encode(request, 'tunedModels/m')).toMatchObject({
      generateContentRequest: { model: 'tunedModels/m', systemInstruction: { parts: [{ text: 'S' }] } },
    });
  });

  test('an answer without a count is an upstream error', () => {
    expect(() => providerOf('anthropic').countTokens?.decode({ input_tokens: 'many' })).toThrowError(/token count/);
    expect(providerOf('gemini').countTokens?.decode({ totalTokens: 0 })).toBe(0);
  });
});
