import type { GenRequest } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import { HOSTED_TOOL_PRICES, hostedToolCosts, providerOf } from '../src/index.ts';

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

describe('costs of hosted tools', () => {
  const tool = (type: string, raw: object = {}) =>
    ({ type, origin: 'anthropic-messages', raw: { type, ...raw } }) as const;

  test('dates in names do not matter, uses do', () => {
    expect(
      hostedToolCosts('anthropic', [tool('web_search_20250305', { max_uses: 3 }), tool('web_fetch_20250910')]),
    ).toEqual([
      { tool: 'web_search', usd_micros: 30_000 },
      { tool: 'web_fetch', usd_micros: 0 },
    ]);
    expect(hostedToolCosts('openai', [tool('web_search_preview_2025_03_11')])).toEqual([
      { tool: 'web_search_preview', usd_micros: 10_000 },
    ]);
  });

  test('the search of Chat Completions, which is an option and no tool, costs what a search costs', () => {
    const search = { type: 'web_search_options', origin: 'openai-chat', raw: {} } as const;
    expect(hostedToolCosts('openai', [search])).toEqual([{ tool: 'web_search_options', usd_micros: 10_000 }]);
  });

  test("the operator's table wins; what nobody priced costs nothing in the estimate", () => {
    expect(hostedToolCosts('anthropic', [tool('web_search'), tool('new_tool')], { web_search: 7 })).toEqual([
      { tool: 'web_search', usd_micros: 7 },
      { tool: 'new_tool', usd_micros: 0 },
    ]);
  });

  test("a client's number of uses is bounded", () => {
    const [cost] = hostedToolCosts('anthropic', [tool('web_search', { max_uses: 1e9 })]);
    expect(cost?.usd_micros).toBe(100 * (HOSTED_TOOL_PRICES.anthropic['web_search'] ?? 0));
  });
});
