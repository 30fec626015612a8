import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, type EncodeContext, type GenRequest } from '../../src/index.ts';
import { context, request } from '../shared/wire.ts';

const CTX: Partial<EncodeContext> = { upstream_model: 'claude-opus-5' };
const encode = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = CTX): JsonObject =>
  anthropicMessages.encodeRequest(request(over), context(ctx)).body;
const ignored = (over: Partial<GenRequest>, ctx: Partial<EncodeContext> = CTX): readonly string[] =>
  anthropicMessages.encodeRequest(request(over), context(ctx)).ignored;

const TOOL = { name: 'f', parameters: { type: 'object', properties: {} } };
const OWN = { source: 'anthropic-messages' } as const;
const BASE = { model: 'claude-opus-5', max_tokens: 4_096, messages: [{ role: 'user', content: 'Hi' }] };

describe('anthropic-messages: writing tools', () => {
  test('tools, with fields that only this shape has when they come from it', () => {
    const tools = [{ ...TOOL, description: 'd', strict: true, cache: {}, extra: { defer_loading: true } }];
    const own = { ...OWN, tools };
    expect(encode(own)['tools']).toEqual([
      {
        name: 'f',
        description: 'd',
        input_schema: TOOL.parameters,
        strict: true,
        cache_control: { type: 'ephemeral' },
        defer_loading: true,
      },
    ]);
    expect(ignored({ tools })).toEqual(['tools.defer_loading']);
    expect(encode({ tools: [{ name: 'f', parameters: {} }] })['tools']).toEqual([
      { name: 'f', input_schema: { type: 'object' } },
    ]);
  });

  test.each([
    [{ tool_choice: { type: 'auto' } }, { type: 'auto' }],
    [{ tool_choice: { type: 'none' }, parallel_tool_calls: false }, { type: 'none' }],
    [
      { tool_choice: { type: 'required' }, parallel_tool_calls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{ tool_choice: { type: 'tool', name: 'f' } }, { type: 'tool', name: 'f' }],
    [{ parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [{ parallel_tool_calls: true }, undefined],
    [{}, undefined],
  ] as const)('tool choice %o', (over, expected) => {
    expect(encode({ tools: [TOOL], ...over })['tool_choice']).toEqual(expected);
  });

  test('choices without tools say nothing, but a forced one is left for the provider to refuse', () => {
    expect(encode({ tool_choice: { type: 'none' }, parallel_tool_calls: false })).toEqual(BASE);
    expect(encode({ tool_choice: { type: 'required' } })['tool_choice']).toEqual({ type: 'any' });
  });

  test('a conversation with calls declares its tools even when the client offers none any more', () => {
    const body = encode({
      messages: [
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', args_json: '{}' }] },
        { role: 'user', parts: [{ type: 'tool_result', call_id: 'c', content: [] }] },
      ],
    });
    expect(body['tools']).toEqual([{ name: 'f', input_schema: { type: 'object' } }]);
    expect(body['tool_choice']).toEqual({ type: 'none' });
  });

  test('hosted tools only in their own shape', () => {
    const raw = { type: 'web_search_20250305', name: 'web_search' };
    const hosted = (origin: 'anthropic-messages' | 'openai-responses'): Partial<GenRequest> => ({
      hosted_tools: [{ type: raw.type, origin, raw }],
    });
    expect(encode(hosted('anthropic-messages'))['tools']).toEqual([raw]);
    expect(() => encode(hosted('openai-responses'))).toThrowError(/"hosted_tools" cannot be expressed/);
    expect(ignored(hosted('openai-responses'), { ...CTX, drop: (field) => field === 'hosted_tools' })).toEqual([
      'hosted_tools',
    ]);
  });
});
