import type { HostedUses, JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  declaredTools,
  gemini,
  ollama,
  openaiChat,
  openaiResponses,
  type ProviderDialect,
} from '../../src/index.ts';
import { frame } from './wire.ts';

/** What the decoder knows after each frame. */
function usesAlong(dialect: ProviderDialect, events: readonly JsonObject[]): (HostedUses | undefined)[] {
  const decoder = dialect.streamDecoder();
  return events.map((event) => {
    decoder.push(frame(event));
    return decoder.hosted_uses;
  });
}

describe('anthropic-messages', () => {
  const message = (usage: JsonObject, content: JsonObject[] = []): JsonObject => ({
    ...{ id: 'msg_1', model: 'm', role: 'assistant', stop_reason: 'end_turn' },
    content: [...content, { type: 'text', text: 'Found.' }],
    usage: { input_tokens: 5, output_tokens: 2, ...usage },
  });
  const uses = (usage: JsonObject, content?: JsonObject[]): HostedUses | undefined =>
    anthropicMessages.decodeResponse(message(usage, content)).hosted_uses;
  const result = (content: JsonObject | JsonObject[]): JsonObject => ({ type: 'web_search_tool_result', content });

  test('a whole answer reports its searches and fetches', () => {
    expect(uses({ server_tool_use: { web_search_requests: 3, web_fetch_requests: 1 } })).toEqual({
      web_search: 3,
      web_fetch: 1,
    });
    expect(uses({})).toBeUndefined();
    expect(uses({ server_tool_use: null })).toBeUndefined();
  });

  test('where it reports none, the results that it holds count; those that failed are not billed', () => {
    const failed = result({ type: 'web_search_tool_result_error', error_code: 'unavailable' });
    expect(uses({}, [result([{ type: 'web_search_result' }]), failed])).toEqual({ web_search: 1 });
    expect(uses({ server_tool_use: { web_search_requests: 0 } }, [result([])])).toEqual({});
  });

  test('of a count that cannot be true nothing is believed', () => {
    for (const web_search_requests of [-1, 1.5, 1e9, '3', null, true, [3]])
      expect(uses({ server_tool_use: { web_search_requests } })).toEqual({});
    expect(uses({ server_tool_use: { constructor: 3, toString: 4 } })).toEqual({});
  });

  test('a stream shows results as they come, and reports with its finish', () => {
    const at = (index: number): JsonObject[] => [
      { type: 'content_block_start', index, content_block: { ...result([]), tool_use_id: 's' } },
      { type: 'content_block_stop', index },
    ];
    const finish = (usage: JsonObject): JsonObject => ({
      ...{ type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      usage: { output_tokens: 9, ...usage },
    });
    const usage = { input_tokens: 5, output_tokens: 1, server_tool_use: { web_search_requests: 0 } };
    const begin = [{ type: 'message_start', message: { id: 'x', usage } }, ...at(0), ...at(1)];
    expect(usesAlong(anthropicMessages, begin)).toEqual([
      undefined,
      ...[{ web_search: 1 }, { web_search: 1 }, { web_search: 2 }, { web_search: 2 }],
    ]);
    const told = usesAlong(anthropicMessages, [...begin, finish({ server_tool_use: { web_search_requests: 3 } })]);
    expect(told.at(-1)).toEqual({ web_search: 3 });
    expect(usesAlong(anthropicMessages, [...begin, finish({})]).at(-1)).toEqual({ web_search: 2 });
  });
});

describe('openai-responses', () => {
  const call = (type: string, more: JsonObject = {}): JsonObject => ({ type, id: 'c', status: 'completed', ...more });
  const output = [
    call('web_search_call', { action: { type: 'search', query: 'a' } }),
    call('web_search_call', { action: { type: 'open_page', url: 'https://a.example' } }),
    call('web_search_call'),
    call('file_search_call'),
    call('code_interpreter_call'),
    call('code_interpreter_call'),
    call('mcp_call'),
    { type: 'message', content: [{ type: 'output_text', text: 'Found.' }] },
  ];
  const all = { web_search: 2, file_search: 1, code_interpreter: 2 };

  test('a whole answer has an item for each use; a page that is opened is no search', () => {
    expect(openaiResponses.decodeResponse({ status: 'completed', output }).hosted_uses).toEqual(all);
    expect(openaiResponses.decodeResponse({ status: 'completed', output: output.slice(6) }).hosted_uses).toBe(
      undefined,
    );
  });

  test('a stream counts items as they are done, and the whole Response when it comes', () => {
    const done = output.map((item, output_index) => ({ type: 'response.output_item.done', output_index, item }));
    const end = (list: JsonObject[]): JsonObject => ({
      type: 'response.completed',
      response: { status: 'completed', output: list },
    });
    expect(usesAlong(openaiResponses, done.slice(0, 3))).toEqual([
      { web_search: 1 },
      { web_search: 1 },
      { web_search: 2 },
    ]);
    expect(usesAlong(openaiResponses, [...done, end(output)]).at(-1)).toEqual(all);
    // Servers that say things once.
    expect(usesAlong(openaiResponses, [...done, end([])]).at(-1)).toEqual(all);
    expect(usesAlong(openaiResponses, [end(output)]).at(-1)).toEqual(all);
  });

  test('an answer of nothing but uses is bounded', () => {
    const many = Array.from({ length: 10_050 }, () => call('file_search_call'));
    expect(openaiResponses.decodeResponse({ status: 'completed', output: many }).hosted_uses).toEqual({
      file_search: 10_000,
    });
  });
});

describe('gemini', () => {
  const candidate = (grounding?: JsonObject): JsonObject => ({
    content: { parts: [{ text: 'Found.' }] },
    finishReason: 'STOP',
    ...(grounding === undefined ? {} : { groundingMetadata: grounding }),
  });

  test('a grounded prompt is one use, however many searches and candidates it took', () => {
    const searched = candidate({ webSearchQueries: ['a', 'b'] });
    expect(gemini.decodeResponse({ candidates: [searched, searched] }).hosted_uses).toEqual({ google_search: 1 });
    for (const none of [undefined, {}, { webSearchQueries: [] }])
      expect(gemini.decodeResponse({ candidates: [candidate(none)] }).hosted_uses).toBeUndefined();
    const frames = [{ candidates: [candidate()] }, { candidates: [searched] }, { candidates: [searched] }];
    expect(usesAlong(gemini, frames)).toEqual([undefined, { google_search: 1 }, { google_search: 1 }]);
  });
});

test('shapes that show no uses know of none', () => {
  for (const dialect of [openaiChat, ollama]) expect(dialect.streamDecoder().hosted_uses).toBeUndefined();
});

test('whatever a provider sends, uses are positive integers of known names', () => {
  const names = ['web_search', 'web_fetch', 'file_search', 'code_interpreter', 'google_search'];
  const json = fc.jsonValue() as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(json, json, (a, b) => {
      const found = [
        anthropicMessages.decodeResponse({ content: [], usage: { server_tool_use: a } }),
        anthropicMessages.decodeResponse({ content: [{ type: 'web_search_tool_result', content: a }], usage: b }),
        openaiResponses.decodeResponse({ status: 'completed', output: [{ type: 'web_search_call', action: a }] }),
        gemini.decodeResponse({ candidates: [{ groundingMetadata: { webSearchQueries: a } }] }),
      ];
      for (const { hosted_uses = {} } of found)
        for (const [name, count] of Object.entries(hosted_uses)) {
          expect(names).toContain(name);
          expect(Number.isInteger(count) && count > 0 && count <= 10_000).toBe(true);
        }
    }),
  );
});

describe('what a request declares', () => {
  const types = (body: JsonObject, origin: Parameters<typeof declaredTools>[1] = 'anthropic-messages'): unknown =>
    declaredTools(body, origin)?.map(({ type }) => type);

  test('functions and tools of the client are none, and nothing is made for them', () => {
    for (const tools of [undefined, null, 'x', [], [{ name: 'f' }, { type: 'custom' }, { type: 'function' }, 7, null]])
      expect(declaredTools({ tools } as JsonObject, 'openai-chat')).toBeUndefined();
  });

  test('what has a type of its own runs at the provider', () => {
    expect(types({ tools: [{ name: 'f' }, { type: 'web_search_20250305', max_uses: 3 }] })).toEqual([
      'web_search_20250305',
    ]);
    expect(types({ web_search_options: {} }, 'openai-chat')).toEqual(['web_search_options']);
    expect(types({ web_search_options: {} }, 'openai-responses')).toBeUndefined();
  });

  test('it finds what decoding finds', () => {
    const tools = [{ type: 'web_search' }, { type: 'function', name: 'f' }, { type: 'file_search' }];
    const body = { model: 'm', input: 'hi', tools };
    const decoded = openaiResponses.decodeRequest(body).hosted_tools;
    expect(declaredTools(body, 'openai-responses')).toEqual(decoded.map(({ path: _path, ...tool }) => tool));
  });
});
