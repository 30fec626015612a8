import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { thinksOnBudget } from '../../src/anthropic-messages/thinking.ts';
import { anthropicMessages, type GenRequest } from '../../src/index.ts';
import { context, request } from '../shared/wire.ts';

const OLD = 'claude-sonnet-4-5';
const NEW = 'claude-opus-5';
const encode = (upstream_model: string, over: Partial<GenRequest>): { body: JsonObject; ignored: readonly string[] } =>
  anthropicMessages.encodeRequest(request({ max_output_tokens: 20_000, ...over }), context({ upstream_model }));
const sent = (model: string, over: Partial<GenRequest>): unknown => {
  const { thinking, output_config } = encode(model, over).body;
  return { thinking, output_config };
};
const ENABLED = (budget_tokens: number): object => ({ thinking: { type: 'enabled', budget_tokens } });
const NOTHING = { thinking: undefined, output_config: undefined };

describe('anthropic-messages: thinking', () => {
  test.each([
    ['claude-3-7-sonnet-20250219', true],
    ['claude-opus-4-20250514', true],
    ['claude-opus-4-1', true],
    ['claude-sonnet-4-5-20250929', true],
    ['claude-haiku-4-5@20251001', true],
    ['anthropic/claude-sonnet-4.5', true],
    ['us.anthropic.claude-opus-4-5-20251101-v1:0', true],
    ['kimi-k2-thinking', true],
    ['claude-opus-4-6', false],
    ['claude-sonnet-4.6', false],
    ['claude-opus-4-10', false],
    ['claude-haiku-5-5', false],
    ['Claude-Opus-5', false],
    ['claude-mythos-preview', false],
  ])('%s thinks on a budget: %s', (model, expected) => {
    expect(thinksOnBudget(model)).toBe(expected);
  });

  test.each([
    [{ effort: 'high' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    [{ effort: 'minimal' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
    [{ effort: 'none' }, { thinking: { type: 'disabled' } }],
    [
      { budget_tokens: 8_000, include: true },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'medium' } },
    ],
    [{}, NOTHING],
  ] as const)('adaptive models: %o', (reasoning, expected) => {
    expect(sent(NEW, { reasoning })).toEqual({ ...NOTHING, ...expected });
  });

  test.each([
    [{ effort: 'medium' }, ENABLED(8_192)],
    [{ effort: 'minimal' }, ENABLED(1_024)],
    [{ effort: 'max' }, ENABLED(15_999)],
    [{ effort: 'none' }, {}],
    [{ budget_tokens: 30_000 }, ENABLED(19_999)],
    [{ budget_tokens: 100 }, ENABLED(1_024)],
  ] as const)('models with a budget, within 20,000 tokens of output: %o', (reasoning, expected) => {
    expect(sent(OLD, { reasoning })).toEqual({ ...NOTHING, ...expected });
  });

  test('without room for the least budget the request goes out without thinking, and says so', () => {
    const { body, ignored } = encode(OLD, { reasoning: { effort: 'low' }, max_output_tokens: 1_024 });
    expect(body['thinking']).toBeUndefined();
    expect(ignored).toEqual(['reasoning_effort']);
    expect(sent(OLD, { reasoning: { effort: 'low' }, max_output_tokens: 1_025 })).toEqual({
      ...NOTHING,
      ...ENABLED(1_024),
    });
  });

  test('a forced call excludes thinking but not effort', () => {
    const over = {
      tools: [{ name: 'f', parameters: {} }],
      tool_choice: { type: 'required' },
      reasoning: { effort: 'high' },
    } as const;
    expect(sent(NEW, over)).toEqual({ thinking: undefined, output_config: { effort: 'high' } });
    expect(sent(OLD, over)).toEqual(NOTHING);
    expect(encode(OLD, over).ignored).toEqual(['reasoning_effort']);
  });

  test('sampling that cannot be combined with thinking is refused', () => {
    const reasoning = { effort: 'low' } as const;
    expect(() => encode(NEW, { reasoning, temperature: 0 })).toThrowError(/"temperature" .* combined with thinking/);
    expect(() => encode(NEW, { reasoning, top_p: 0.5 })).toThrowError(/"top_p" .* combined with thinking/);
    expect(() => encode(NEW, { reasoning, top_k: 5 })).toThrowError(/"top_k" .* combined with thinking/);
    expect(encode(NEW, { reasoning, temperature: 1, top_p: 0.97 }).body['top_p']).toBe(0.97);
    expect(encode(NEW, { reasoning: { effort: 'none' }, temperature: 0 }).body['temperature']).toBe(0);
  });

  const loop = (thinking: GenRequest['messages'][number]['parts']): Partial<GenRequest> => ({
    tools: [{ name: 'f', parameters: {} }],
    messages: [
      { role: 'assistant', parts: [...thinking, { type: 'tool_call', id: 'c', name: 'f', args_json: '{}' }] },
      { role: 'user', parts: [{ type: 'tool_result', call_id: 'c', content: [] }] },
    ],
  });

  test('in a tool loop that another shape began, a budget would be refused and is left out', () => {
    const reasoning = { effort: 'medium' } as const;
    const signed = loop([{ type: 'thinking', text: 'hm', signature: 'S', origin: 'anthropic-messages' }]);
    expect(sent(OLD, { reasoning, ...loop([]) })).toEqual(NOTHING);
    expect(sent(OLD, { reasoning, ...signed })).toEqual({ ...NOTHING, ...ENABLED(8_192) });
    expect(sent(NEW, { reasoning, ...loop([]) })).toMatchObject({ thinking: { type: 'adaptive' } });
  });

  describe('from a client of this shape', () => {
    const own = (over: Partial<GenRequest>): unknown => sent(NEW, { source: 'anthropic-messages', ...over });

    test('modes and efforts are as the client set them', () => {
      expect(own({ reasoning: { budget_tokens: 2_000 } })).toEqual({ ...NOTHING, ...ENABLED(2_000) });
      expect(own({ reasoning: { budget_tokens: 0 } })).toEqual({ ...NOTHING, thinking: { type: 'disabled' } });
      expect(own({ reasoning: { effort: 'low' } })).toEqual({ ...NOTHING, output_config: { effort: 'low' } });
      expect(own({ reasoning: { adaptive: true, effort: 'max', include: false } })).toEqual({
        thinking: { type: 'adaptive', display: 'omitted' },
        output_config: { effort: 'max' },
      });
    });

    test('a budget stays below a limit that the router lowered', () => {
      const reasoning = { budget_tokens: 16_000 };
      expect(own({ reasoning, max_output_tokens: 4_000 })).toEqual({ ...NOTHING, ...ENABLED(3_999) });
      expect(own({ reasoning, max_output_tokens: 1_000 })).toEqual(NOTHING);
    });

    test('thinking that a foreign provider left unsigned takes the budget with it inside a tool loop', () => {
      const reasoning = { budget_tokens: 2_000 };
      const unsigned = loop([{ type: 'thinking', text: 'hm', signature: '', origin: 'anthropic-messages' }]);
      expect(own({ reasoning, ...unsigned })).toEqual(NOTHING);
      expect(own({ reasoning, ...loop([]) })).toEqual({ ...NOTHING, ...ENABLED(2_000) });
    });
  });
});
